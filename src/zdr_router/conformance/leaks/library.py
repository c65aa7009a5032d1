"""Drives the façades of this library, in this process, each path with a router that has seen nothing yet."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.leaks.asking import asked
from zdr_router.conformance.leaks.deployment import ROUTES
from zdr_router.router import AsyncRouter
from zdr_router.sync import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from zdr_router.conformance.leaks.canaries import Words
    from zdr_router.conformance.leaks.detectors.errors import Errors
    from zdr_router.conformance.leaks.paths import Path
    from zdr_router.conformance.leaks.provider.handle import Provider
    from zdr_router.deployment import Deployment

ANSWERED: Final = "answered"
_MOMENT: Final = 0.02
"""Seconds that connections have to hear of their end."""

_PATIENCE: Final = 20.0


class AsyncFacade:
    """`AsyncRouter`."""

    name: Final = "AsyncRouter"

    def __init__(self, deployment: Deployment, provider: Provider | None, errors: Errors) -> None:
        """`errors` is told of what the caller gets; `provider` is asked what has come, where a path depends on it."""
        self._deployment = deployment
        self._provider = provider
        self._errors = errors

    def drive(self, path: Path, words: Words, look: Callable[[], None]) -> str:
        """Drive a path and `look` while the router is open; how it ended."""
        return asyncio.run(self._drive(path, words, look))

    async def _drive(self, path: Path, words: Words, look: Callable[[], None]) -> str:
        router = AsyncRouter.of(self._deployment)
        await router.__aenter__()
        try:
            work = asyncio.create_task(self._told(_ask(router, path, words)))
            if path.leaving in {"cancel", "close"}:
                await self._arrived(work)
            if path.leaving == "cancel":
                work.cancel()
            elif path.leaving == "close":
                await router.__aexit__(None, None, None)
            told = await work
            await asyncio.sleep(_MOMENT)
            look()
        finally:
            await router.__aexit__(None, None, None)
        return told

    async def _told(self, work: Coroutine[Any, Any, None]) -> str:
        try:
            await work
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever a caller gets is looked at
            self._errors.tell("raised to the caller", error)
            return type(error).__name__
        return ANSWERED

    def _has_arrived(self) -> bool:
        return self._provider is not None and self._provider.arrived().requests > 0

    async def _arrived(self, work: asyncio.Task[str]) -> None:
        until = time.monotonic() + _PATIENCE
        while not work.done() and not self._has_arrived() and time.monotonic() < until:  # noqa: ASYNC110 - another process
            await asyncio.sleep(_MOMENT)
        await asyncio.sleep(_MOMENT)


# What has content comes and goes within an expression: a frame that had a name for it would show it in tracebacks.


def _ask(router: AsyncRouter, path: Path, words: Words) -> Coroutine[Any, Any, None]:
    model = ROUTES[path.route]
    if path.stream:
        return _read(router.stream_chat(model=model, **asked(path, words)), leave=path.leaving == "leave")
    if path.asked == "embed":
        return _dropped(router.embed(model=model, **asked(path, words)))
    return _dropped(router.chat(model=model, **asked(path, words)))


async def _dropped(work: Coroutine[Any, Any, object]) -> None:
    await work


async def _read(stream: Any, *, leave: bool) -> None:  # noqa: ANN401 - a stream of either façade
    async with stream as chunks:
        while await chunks.next_chunk() is not None:
            if leave:
                return


class SyncFacade:
    """`Router`, whose callers cannot be cancelled."""

    name: Final = "Router"

    def __init__(self, deployment: Deployment, provider: Provider | None, errors: Errors) -> None:
        """`errors` is told of what the caller gets; `provider` is asked what has come, where a path depends on it."""
        self._deployment = deployment
        self._provider = provider
        self._errors = errors

    def drive(self, path: Path, words: Words, look: Callable[[], None]) -> str:
        """Drive a path and `look` while the router is open; how it ended, or "" where it has no such path."""
        if path.leaving == "cancel":
            return ""
        router = Router.of(self._deployment)
        router.__enter__()
        try:
            told = self._closed(router, path, words) if path.leaving == "close" else self._told(router, path, words)
            time.sleep(_MOMENT)
            look()
        finally:
            router.__exit__(None, None, None)
        return told

    def _has_arrived(self) -> bool:
        return self._provider is not None and self._provider.arrived().requests > 0

    def _closed(self, router: Router, path: Path, words: Words) -> str:
        told: list[str] = []
        caller = threading.Thread(target=lambda: told.append(self._told(router, path, words)), daemon=True)
        caller.start()
        until = time.monotonic() + _PATIENCE
        while caller.is_alive() and not self._has_arrived() and time.monotonic() < until:
            time.sleep(_MOMENT)
        time.sleep(_MOMENT)
        router.__exit__(None, None, None)
        caller.join(_PATIENCE)
        return told[0] if told else "still waiting"

    def _told(self, router: Router, path: Path, words: Words) -> str:
        try:
            _ask_now(router, path, words)
        except Exception as error:  # noqa: BLE001 - whatever a caller gets is looked at
            self._errors.tell("raised to the caller", error)
            return type(error).__name__
        return ANSWERED


def _ask_now(router: Router, path: Path, words: Words) -> None:
    model = ROUTES[path.route]
    if path.stream:
        _read_now(router.stream_chat(model=model, **asked(path, words)), leave=path.leaving == "leave")
    elif path.asked == "embed":
        router.embed(model=model, **asked(path, words))
    else:
        router.chat(model=model, **asked(path, words))


def _read_now(stream: Any, *, leave: bool) -> None:  # noqa: ANN401 - as above
    with stream as chunks:
        for chunk in chunks:
            del chunk
            if leave:
                return


Facade = AsyncFacade | SyncFacade
FACADES: Final[tuple[type[Facade], ...]] = (AsyncFacade, SyncFacade)
