"""A run over this library: start the provider, drive every path of both façades, look after each, and report."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from zdr_router.config import load
from zdr_router.conformance.leaks.alone import residue
from zdr_router.conformance.leaks.canaries import Canaries
from zdr_router.conformance.leaks.demand import Demand, Expected
from zdr_router.conformance.leaks.deployment import environ, write
from zdr_router.conformance.leaks.detectors.errors import Errors
from zdr_router.conformance.leaks.detectors.here import in_this_process
from zdr_router.conformance.leaks.findings import Driven, Report
from zdr_router.conformance.leaks.library import ANSWERED, FACADES
from zdr_router.conformance.leaks.provider.handle import Provider
from zdr_router.conformance.leaks.scratch import scratch
from zdr_router.conformance.leaks.watching import NOT_THE_COLLECTOR, Watch

if TYPE_CHECKING:
    from zdr_router.conformance.leaks.library import Facade
    from zdr_router.conformance.leaks.paths import Path

EXPECTED = Expected(ANSWERED)


def library(demand: Demand | None = None) -> Report:
    """Both façades of this library over the kit's own deployment, in this process; takes a minute or two."""
    demand = demand or Demand()
    errors, canaries = Errors(), Canaries(secrets.token_hex(16))
    with scratch() as folders, Provider(canaries.seed) as provider:
        config = write(folders.work, provider)
        detectors = in_this_process(errors, private=folders.kit, folders=[folders.watched], redis=demand.redis)
        with folders.inside(environ(provider, config)):
            deployment = load(config)
            with Watch(canaries, detectors) as watch:
                driven = [
                    demand.hear(each)
                    for facade in [kind(deployment, provider, errors) for kind in FACADES]
                    for path in demand.paths
                    if (each := _drive(facade, path, canaries, provider, watch)) is not None
                ]
            copies, why = residue(provider, canaries, config, demand.paths) if demand.memory else (None, "")
    return Report(driven, watch.findings, watch.detectors, copies, [why] if why else [])


def _drive(facade: Facade, path: Path, canaries: Canaries, provider: Provider, watch: Watch) -> Driven | None:
    """One path, looked after while the router is open and once it is closed; None where a façade has no such path."""
    if path.asked == "garbage":  # there is no body that could be none
        return None
    name = f"{facade.name}:{path.name}"
    provider.behave(path.behaviour, name)
    with watch.uncollected():
        told = facade.drive(path, canaries.of(name), lambda: watch.look([name]))
    watch.look([name], without=NOT_THE_COLLECTOR)
    return EXPECTED.judge(path, facade.name, told, provider) if told else None
