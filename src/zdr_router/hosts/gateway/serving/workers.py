"""From the operator's file to processes that serve: one, or several that are spawned and watched."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import multiprocessing.connection
import signal
import socket
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from zdr_router.config import load
from zdr_router.config.gateway import is_loopback, moved
from zdr_router.errors import ConfigError, Problem
from zdr_router.hosts import page
from zdr_router.hosts.gateway.serving.certificates import context_of
from zdr_router.hosts.gateway.serving.fleet import Watcher
from zdr_router.hosts.gateway.serving.server import LEASE, SIGNALS, Sockets, serve
from zdr_router.hosts.keys.kept import KeptKeys
from zdr_router.router import AsyncRouter

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from zdr_router.deployment import Deployment
    from zdr_router.hosting import Alone, MetricsSettings, ServeSettings

log = logging.getLogger("zdr_router")

_BACKLOG: Final = 2048
_YOUNG: Final = 10.0
"""Seconds: a worker that ends sooner would do so again."""
_FAILED: Final = 65


def run(path: Path, set_up_log: Callable[[], None], alone: Alone | None = None) -> int:
    """Serve what the operator's file says until a signal comes; the exit code. Raises `ConfigError`.

    With `alone` that is the MCP server, and nothing else. `set_up_log` is called once in each process, and so has to be
    picklable.
    """
    deployment = load(path)
    settings = settings_of(deployment, path, alone)
    if settings.mcp or alone is not None:
        _needs_tools(settings)
    if settings.certificate is not None:
        context_of(settings.certificate)
    set_up_log()
    tell_what_is_dangerous(path, settings)
    with contextlib.ExitStack() as stack:
        sockets = Sockets(
            stack.enter_context(listen(settings)),
            None if settings.metrics is None else stack.enter_context(listen(settings, settings.metrics)),
        )
        if settings.workers > 1:
            return _several(path, settings, sockets, set_up_log, alone)
        _serve(path, sockets, alone)
    return 0


def _needs_tools(settings: ServeSettings) -> None:
    if find_spec("mcp") is None:
        file, _, line = settings.source.rpartition(":")
        problem = Problem(
            "the MCP server needs mcp", file=file, line=int(line or 0), fix="pip install 'zdr-router[gateway,mcp]'"
        )
        raise ConfigError(problem)


def settings_of(deployment: Deployment, path: Path, alone: Alone | None = None) -> ServeSettings:
    """Where and how to serve. Raises `ConfigError` where that is not said, or where several workers would be wrong."""
    settings = deployment.serve
    if settings is None:
        fix = "keep keys (`keys:`, `zdr keys add`), or say `gateway: {keys: none}` for loopback without any"
        raise ConfigError(Problem("it does not say who may ask", file=str(path), fix=fix))
    if alone is not None:
        settings = moved(replace(settings, mcp=True, page=None), alone.listen)
    if settings.workers == 1:
        return settings
    file, _, line = settings.source.rpartition(":")
    wrong: list[Problem] = []

    def note(what: str, fix: str) -> None:
        wrong.append(Problem(f"several workers {what}", file=file, line=int(line), fix=f"{fix}, or use one worker"))

    if deployment.state.trust is None:
        note("would not know of one another's revocations", "keep trust in `state.trust`")
    if deployment.keys is not None and not settings.is_open and deployment.keys.counters is None:
        note("would each grant a key the whole of its limits", "count in Redis: `keys.counters`")
    if deployment.salt is None:
        note("would each keep caches apart with a salt of its own", "give a `salt`")
    if wrong:
        raise ConfigError(wrong)
    return settings


def listen(settings: ServeSettings, at: MetricsSettings | None = None) -> socket.socket:
    """A socket that listens, for callers or where `at` says. Raises `ConfigError` where it cannot."""
    host, port = (settings.host, settings.port) if at is None else (at.host, at.port)
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        file, _, line = settings.source.rpartition(":")
        what = f"it cannot listen on {host} port {port}: {error.strerror or type(error).__name__}"
        fix = f"change `gateway.{'listen' if at is None else 'metrics'}`"
        raise ConfigError(Problem(what, file=file, line=int(line or 0), fix=fix)) from None
    made.setblocking(False)  # noqa: FBT003 - socket's own
    return made


def _serve(path: Path, sockets: Sockets, alone: Alone | None, watcher: Connection | None = None) -> None:
    """Serve in this process."""
    # Until it listens, what is made stays: `serve` lets the collector run from then on.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serving(path, sockets, alone, watcher))
    finally:
        gc.enable()


async def _serving(path: Path, sockets: Sockets, alone: Alone | None, watcher: Connection | None) -> None:
    refusals = page.RefusalCounts()
    router = AsyncRouter.from_config(path, watch=True, recorders=[refusals])
    deployment = router.deployment
    settings = settings_of(deployment, path, alone)
    keys = None
    if not settings.is_open and deployment.keys is not None:
        keys = KeptKeys(deployment.keys, lease=deployment.patience + LEASE)
    trust = None if settings.page is None else page.app(router, refusals, service=settings.page)
    await serve(router, settings, keys, sockets, page=trust, alone=alone, watcher=watcher)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed."""
    if find_spec("uvloop") is None:
        return None
    from uvloop import new_event_loop  # noqa: PLC0415 - where it is installed

    return new_event_loop


def tell_what_is_dangerous(path: Path, settings: ServeSettings) -> None:
    """Log it, at each start."""
    if settings.certificate is None and not is_loopback(settings.host):
        log.warning("unsafe_cleartext is in force file=%s", path)
    if settings.is_open:
        log.warning("everybody on this machine may ask: no keys file=%s", path)


def _worker(
    path: Path, sockets: Sockets, set_up_log: Callable[[], None], alone: Alone | None, watcher: Connection
) -> None:
    """A process of its own."""
    set_up_log()
    try:
        _serve(path, sockets, alone, watcher)
    except ConfigError as error:
        for problem in error.problems:
            log.error("a worker cannot serve why=%s", problem)  # noqa: TRY400 - no traceback
        sys.exit(_FAILED)


def _wait(workers: list[SpawnProcess], watcher: Watcher) -> None:
    """Until something happens: one ends, or says something."""
    alive = [process.sentinel for process in workers if process.exitcode is None]
    for each in multiprocessing.connection.wait([*alive, *watcher.connections], timeout=0.2):
        if isinstance(each, multiprocessing.connection.Connection):
            watcher.hear(each)


def _several(
    path: Path, settings: ServeSettings, sockets: Sockets, set_up_log: Callable[[], None], alone: Alone | None
) -> int:
    """Spawn, watch, and end together. One that dies is replaced, unless it was too young to have served."""
    context = multiprocessing.get_context("spawn")
    watcher = Watcher()
    ending: list[int] = []
    for each in SIGNALS:
        signal.signal(each, lambda number, _frame: ending.append(number))

    def start() -> tuple[SpawnProcess, float]:
        ours, theirs = context.Pipe()
        process = context.Process(target=_worker, args=(path, sockets, set_up_log, alone, theirs))
        process.start()
        theirs.close()
        watcher.welcome(ours)
        return process, time.monotonic()

    workers = [start() for _ in range(settings.workers)]
    code = 0
    while not ending and not code:
        _wait([process for process, _ in workers], watcher)
        for index, (process, began) in enumerate(workers):
            if process.exitcode is None or ending:
                continue
            log.error("a worker ended code=%d", process.exitcode)
            if time.monotonic() - began < _YOUNG:
                code = process.exitcode or 1
                break
            workers[index] = start()
    for process, _ in workers:
        process.terminate()
    while any(process.exitcode is None for process, _ in workers):
        _wait([process for process, _ in workers], watcher)
    return abs(code)
