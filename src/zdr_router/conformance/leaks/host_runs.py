"""Runs over hosts: an ASGI application in this process, or a command."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.canaries import Canaries
from zdr_router.conformance.leaks.demand import Demand
from zdr_router.conformance.leaks.deployment import environ, write
from zdr_router.conformance.leaks.detectors.answers import Answers
from zdr_router.conformance.leaks.detectors.errors import Errors
from zdr_router.conformance.leaks.detectors.files import Files
from zdr_router.conformance.leaks.detectors.here import in_this_process
from zdr_router.conformance.leaks.detectors.redis import Redis
from zdr_router.conformance.leaks.findings import Driven, Report
from zdr_router.conformance.leaks.hosts.asgi import Application
from zdr_router.conformance.leaks.hosts.command import Command, free_port
from zdr_router.conformance.leaks.hosts.driving import Manner, drive
from zdr_router.conformance.leaks.hosts.stdio import Speaking
from zdr_router.conformance.leaks.provider.handle import Provider
from zdr_router.conformance.leaks.residue import count
from zdr_router.conformance.leaks.scratch import scratch
from zdr_router.conformance.leaks.watching import NOT_THE_COLLECTOR, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path as FilePath

    from zdr_router.conformance.leaks.detectors.base import Detector
    from zdr_router.conformance.leaks.hosts.asgi import App
    from zdr_router.conformance.leaks.paths import Path

_NOT_COUNTED: Final = (
    "the memory of the process is not counted: the kit is in it too; test the host as a command for that"
)
_MOMENT: Final = 0.05


def application(make: Callable[[], App], demand: Demand | None = None, manner: Manner | None = None) -> Report:
    """An ASGI application in this process. `make` is called once the environment leads to the kit's provider.

    Runs a loop of its own, so it is called where none runs.
    """
    demand, manner = demand or Demand(), manner or Manner()
    errors, canaries = Errors(), Canaries(secrets.token_hex(16))
    with scratch() as folders, Provider(canaries.seed) as provider:
        config = write(folders.work, provider)
        answers = Answers()
        detectors = in_this_process(errors, private=folders.kit, folders=[folders.watched], redis=demand.redis)
        detectors += [answers] if manner.mcp else []
        with folders.inside(environ(provider, config)), Watch(canaries, detectors) as watch:
            served = Application(make(), errors)
            driven = asyncio.run(_drive_application(served, demand, manner, canaries, provider, watch, answers))
            watch.look((each.path for each in driven), without=NOT_THE_COLLECTOR)
    return Report(driven, watch.findings, watch.detectors, None, [_NOT_COUNTED] if demand.memory else [])


async def _drive_application(  # noqa: PLR0913, PLR0917 - the parts of a run
    served: Application,
    demand: Demand,
    manner: Manner,
    canaries: Canaries,
    provider: Provider,
    watch: Watch,
    answers: Answers,
) -> list[Driven]:
    driven: list[Driven] = []
    expected = manner.expected
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(served.lifespan())
        for path in manner.fitting(demand.paths):
            provider.behave(path.behaviour, path.name)
            with watch.uncollected():
                told = await drive(served, path, canaries.of(path.name), provider, manner, answers, stack.aclose)
                await asyncio.sleep(_MOMENT)
                watch.look([path.name])
            watch.look([path.name], without=NOT_THE_COLLECTOR)
            driven.append(demand.hear(expected.judge(path, "application", told, provider)))
            if path.leaving == "close":
                await stack.enter_async_context(served.lifespan())
    return driven


def command(
    argv: Sequence[str],
    demand: Demand | None = None,
    manner: Manner | None = None,
    folders_too: Iterable[FilePath] = (),
    folder: FilePath | None = None,
) -> Report:
    """A command that listens. In `argv`, `{port}`, `{config}` and `{upstream}` are filled in.

    It runs in `folder`, or in one of the kit's; what changes in that and in `folders_too` is searched as well. Raises
    `NotReady` where it does not listen.
    """
    demand, manner = demand or Demand(), manner or Manner()
    canaries = Canaries(secrets.token_hex(16))
    with scratch() as folders, Provider(canaries.seed) as provider:
        port = free_port()
        config = write(folders.work, provider, port=port)
        known = {"port": str(port), "config": str(config), "upstream": provider.url}
        filled = [_filled(part, known) for part in argv]
        around = {**folders.environ, **environ(provider, config), "ZDR_LEAKS_PORT": str(port)}
        inside = folder or folders.work
        subject: Command | Speaking
        if manner.mcp == "stdio":
            subject = Speaking(filled, environ=around, folder=inside, written=folders.kit)
        else:
            subject = Command(filled, environ=around, folder=inside, written=folders.kit, port=port)
        answers = Answers()
        searched = [folders.watched, *folders_too, *([folder] if folder else [])]
        detectors: list[Detector] = [
            Files(searched, lambda: subject.pids),
            Files([folders.kit], tuple, name="output"),
            *map(Redis, demand.redis),
            *([answers] if manner.mcp else []),
        ]
        with Watch(canaries, detectors) as watch:
            driven, (copies, why) = asyncio.run(
                _drive_command(subject, demand, manner, canaries, provider, watch, answers)
            )
            watch.look(each.path for each in driven)
    return Report(driven, watch.findings, watch.detectors, copies, [why] if why else [])


async def _drive_command(  # noqa: PLR0913, PLR0917 - the parts of a run
    subject: Command | Speaking,
    demand: Demand,
    manner: Manner,
    canaries: Canaries,
    provider: Provider,
    watch: Watch,
    answers: Answers,
) -> tuple[list[Driven], tuple[Mapping[str, int] | None, str]]:
    expected = manner.expected
    paths = manner.fitting(demand.paths)
    driven: list[Driven] = []

    async def take(path: Path) -> None:
        provider.behave(path.behaviour, path.name)
        told = await drive(subject.host, path, canaries.of(path.name), provider, manner, answers, subject.end)
        await asyncio.sleep(_MOMENT)
        watch.look([path.name])
        driven.append(demand.hear(expected.judge(path, "command", told, provider)))

    async with subject:
        for path in paths:
            if path.leaving != "close":
                await take(path)
        counted = count(subject.pids, canaries) if demand.memory else (None, "")
    for path in paths:
        if path.leaving == "close":
            async with subject:
                await take(path)
    return driven, counted


def _filled(part: str, known: dict[str, str]) -> str:
    """The placeholders that are known; other braces stay as they are."""
    for name, value in known.items():
        part = part.replace(f"{{{name}}}", value)
    return part
