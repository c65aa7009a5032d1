"""The kit for tests: runs over subjects, and a watch over whatever code of one's own, as the fixture `zdr_leaks`."""

from __future__ import annotations

import contextlib
import inspect
import secrets
from typing import TYPE_CHECKING, Any, Final, Literal

from zdr_router.conformance.leaks import host_runs, runs
from zdr_router.conformance.leaks.canaries import Canaries
from zdr_router.conformance.leaks.demand import Demand
from zdr_router.conformance.leaks.detectors.errors import Errors
from zdr_router.conformance.leaks.detectors.here import in_this_process
from zdr_router.conformance.leaks.hosts.driving import Manner
from zdr_router.conformance.leaks.paths import MCP_PATHS, PATHS
from zdr_router.conformance.leaks.scratch import scratch
from zdr_router.conformance.leaks.watching import NOT_THE_COLLECTOR, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zdr_router.conformance.leaks.findings import Finding, Report

_HERE: Final = "here"


class Planted:
    """What runs in a `watching` block: words to use, and what was found of them once it is left."""

    def __init__(self, canaries: Canaries, errors: Errors) -> None:
        """Nothing was found yet."""
        self._words = canaries.of(_HERE)
        self._errors = errors
        self.findings: tuple[Finding, ...] = ()
        self.detectors: Mapping[str, str] = {}

    def word(self, place: str = "prompt") -> str:
        """The word of a place, to be used as content. Raises `KeyError` for what is no place."""
        return self._words[place]

    def caught(self, error: BaseException) -> None:
        """Look at an error as error trackers would. Those that are logged or that nobody catches are seen anyway."""
        self._errors.tell("caught", error)


class Kit:
    """Each method is a run of its own; `paths`, `skip` and the like are as the options of `zdr leaks`."""

    def library(self, *, only: Collection[str] = (), skip: Collection[str] = (), redis: Sequence[str] = ()) -> Report:
        """Both façades of this library."""
        return runs.library(_demand(only, skip, redis, "", memory=False))

    def application(  # noqa: PLR0913 - the options of a run
        self,
        app: Any,  # noqa: ANN401 - an ASGI application, or what makes one
        *,
        model: str | None = None,
        headers: Mapping[str, str] | None = None,
        without: Iterable[str] = (),
        only: Collection[str] = (),
        skip: Collection[str] = (),
        redis: Sequence[str] = (),
        mcp: Literal["", "http"] = "",
    ) -> Report:
        """An ASGI application, or a function that makes one, in this process and on a loop of its own."""
        manner = Manner(model, headers or {}, frozenset(without), mcp)
        return host_runs.application(lambda: made(app), _demand(only, skip, redis, mcp, memory=False), manner)

    def command(  # noqa: PLR0913 - as above
        self,
        argv: Sequence[str],
        *,
        model: str | None = None,
        headers: Mapping[str, str] | None = None,
        without: Iterable[str] = (),
        only: Collection[str] = (),
        skip: Collection[str] = (),
        redis: Sequence[str] = (),
        folders: Iterable[Path] = (),
        inside: Path | None = None,
        mcp: Literal["", "http", "stdio"] = "",
        memory: bool = True,
    ) -> Report:
        """A command; `{port}`, `{config}` and `{upstream}` in it are filled in. Raises `NotReady`."""
        manner = Manner(model, headers or {}, frozenset(without), mcp)
        return host_runs.command(argv, _demand(only, skip, redis, mcp, memory=memory), manner, folders, inside)

    @contextlib.contextmanager
    def watching(self, *, redis: Sequence[str] = ()) -> Iterator[Planted]:
        """Watch this process while a block runs, in an empty folder that it may write to."""
        errors, canaries = Errors(), Canaries(secrets.token_hex(16))
        planted = Planted(canaries, errors)
        with scratch() as folders, folders.inside({}):
            detectors = in_this_process(errors, private=folders.kit, folders=[folders.watched], redis=redis)
            with Watch(canaries, detectors) as watch:
                with watch.uncollected():
                    yield planted
                    watch.look([_HERE])
                watch.look([_HERE], without=NOT_THE_COLLECTOR)
        planted.findings, planted.detectors = watch.findings, watch.detectors


def made(app: Any) -> Any:  # noqa: ANN401 - as above
    """The application: what is given, or what it makes where it can be called with nothing."""
    factory: Callable[[], Any] = app
    try:
        inspect.signature(factory).bind()
    except TypeError:
        return app
    return factory()


def _demand(only: Collection[str], skip: Collection[str], redis: Sequence[str], mcp: str, *, memory: bool) -> Demand:
    paths = MCP_PATHS if mcp else PATHS
    names = {path.name for path in paths}
    for name in (*only, *skip):
        if name not in names:
            message = f"there is no path {name!r}; those that there are: {', '.join(sorted(names))}"
            raise ValueError(message)
    return Demand([each for each in paths if (not only or each.name in only) and each.name not in skip], redis, memory)
