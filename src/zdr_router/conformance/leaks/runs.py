"""One run of the kit over a subject: start the provider, drive every path, look after each, and report."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zdr_router.config import load
from zdr_router.conformance.leaks.alone import residue
from zdr_router.conformance.leaks.asking import OPTIONAL
from zdr_router.conformance.leaks.canaries import Canaries
from zdr_router.conformance.leaks.deployment import KEY, KEY_VARIABLE, write
from zdr_router.conformance.leaks.detectors.errors import Errors
from zdr_router.conformance.leaks.detectors.here import in_this_process
from zdr_router.conformance.leaks.findings import Driven, Report
from zdr_router.conformance.leaks.library import ANSWERED, FACADES
from zdr_router.conformance.leaks.paths import PATHS, Path
from zdr_router.conformance.leaks.provider.handle import Provider
from zdr_router.conformance.leaks.scratch import scratch
from zdr_router.conformance.leaks.watching import NOT_THE_COLLECTOR, Watch

Told = Callable[[Driven], None]


@dataclass(frozen=True, slots=True)
class Demand:
    """What of a run is asked for. `redis` are addresses to look at; `told` hears of each path as it ends."""

    paths: Sequence[Path] = PATHS
    redis: Sequence[str] = ()
    memory: bool = True
    without: frozenset[str] = frozenset()
    told: Told | None = None

    def hear(self, driven: Driven) -> Driven:
        """Tell of a path."""
        if self.told is not None:
            self.told(driven)
        return driven


def library(demand: Demand | None = None) -> Report:
    """Both façades of this library over the kit's own deployment, in this process."""
    demand = demand or Demand()
    errors, canaries = Errors(), Canaries(secrets.token_hex(16))
    otel = importlib.util.find_spec("opentelemetry") is not None
    driven: list[Driven] = []
    with scratch() as folders, Provider(canaries.seed) as provider, folders.inside({KEY_VARIABLE: KEY}):
        config = write(folders.work, provider, otel=otel)
        deployment = load(config)
        facades = [kind(deployment, provider, errors) for kind in FACADES]
        detectors = in_this_process(errors, private=folders.kit, folders=[folders.watched], redis=demand.redis)
        with Watch(canaries, detectors) as watch:
            for facade in facades:
                for path in demand.paths:
                    if path.asked == "garbage":  # there is no body that could be none
                        continue
                    name = f"{facade.name}:{path.name}"
                    provider.behave(path.behaviour, name)
                    with watch.uncollected():
                        told = facade.drive(path, canaries.of(name), lambda name=name: watch.look([name]))  # type: ignore[misc]
                    watch.look([name], without=NOT_THE_COLLECTOR)
                    if told:
                        driven.append(demand.hear(judged(path, facade.name, told, ANSWERED, provider)))
        copies, why = residue(provider, canaries, config, demand.paths) if demand.memory else (None, "")
    return Report(driven, watch.findings, watch.detectors, copies, [why] if why else [])


def judged(path: Path, subject: str, told: str, well: str, provider: Provider, without: frozenset[str] = frozenset()) -> Driven:
    """Whether a path was driven as it is meant; one that was not shows nothing, and must not pass."""
    arrived = provider.arrived()
    fault = ""
    if path.works and told != well:
        fault = f"should have been answered, and ended as {told}"
    elif path.reaches and not arrived.count:
        fault = "never came to the provider"
    elif not path.reaches and arrived.count:
        fault = "came to the provider, which it must not"
    elif path.reaches and (lost := _expected(path, without) - arrived.places):
        fault = f"came to the provider without {', '.join(sorted(lost))}"
    return Driven(path.name, subject, told, fault)


def _expected(path: Path, without: frozenset[str]) -> frozenset[str]:
    """The places of a request that have to come to the provider: otherwise the wrong thing was tested."""
    if path.asked == "embed":
        return frozenset({"prompt"})
    return frozenset({"prompt", *OPTIONAL}) - without
