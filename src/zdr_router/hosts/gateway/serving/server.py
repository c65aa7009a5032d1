"""One process that serves: the router, the keys and the server, opened and closed together; a signal drains them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from contextlib import AsyncExitStack
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import uvicorn

from zdr_router.errors import ConfigError
from zdr_router.hosts.gateway.application import app
from zdr_router.hosts.gateway.serving.certificates import context_of, follow
from zdr_router.hosts.gateway.serving.fleet import Member
from zdr_router.hosts.gateway.serving.metrics import Metrics, listening
from zdr_router.hosts.gateway.serving.protocol import PatientProtocol
from zdr_router.hosts.gateway.serving.self_test import self_test

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Iterator
    from multiprocessing.connection import Connection

    from zdr_router.hosting import Alone, ServeSettings
    from zdr_router.hosts.gateway.application import Gateway
    from zdr_router.hosts.gateway.asgi import Application
    from zdr_router.hosts.keys.kept import KeptKeys
    from zdr_router.router import AsyncRouter

log = logging.getLogger("zdr_router")

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
LEASE: Final = 60.0
"""Seconds after the longest that a request may take, after which its place is free whatever became of it."""
_LOOK: Final = 0.5
"""Seconds between two looks at whether the router was reloaded."""
_YOUNG: Final = 20_000
"""Objects more than there were, at which the collector looks for cycles among them."""
_LAST_WORDS: Final = 5
"""Seconds after the drain in which the last errors are written; then connections are cut."""


class Sockets(NamedTuple):
    """What is listened on: for callers, and for who reads the counts if that is another one."""

    api: socket.socket
    metrics: socket.socket | None = None


class Server(uvicorn.Server):
    """uvicorn's, which at a signal is first not ready, then takes nothing new, and in the end cuts what is left."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway, settings: ServeSettings) -> None:
        """Nothing is served yet."""
        super().__init__(config)
        self._gateway = gateway
        self._settings = settings

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Drain at SIGTERM and SIGINT; the process ends of itself then."""
        loop = asyncio.get_running_loop()
        for each in SIGNALS:
            loop.add_signal_handler(each, self.drain)
        try:
            yield
        finally:
            for each in SIGNALS:
                loop.remove_signal_handler(each)

    def drain(self) -> None:
        """Begin to end; asked again, end at once."""
        settings, loop = self._settings, asyncio.get_running_loop()
        if self._gateway.is_closing:
            self._stop()
            self._gateway.cut()
            return
        log.warning("draining seconds=%.1f under=%d", settings.drain, self._gateway.counts.under_way)
        self._gateway.close()
        loop.call_later(settings.notice, self._stop)
        loop.call_later(settings.notice + settings.drain, self._gateway.cut)

    def _stop(self) -> None:
        self.should_exit = True


async def serve(  # noqa: PLR0913 - what is served, each by name
    router: AsyncRouter,
    settings: ServeSettings,
    keys: KeptKeys | None,
    sockets: Sockets,
    *,
    page: Application | None = None,
    alone: Alone | None = None,
    watcher: Connection | None = None,
) -> None:
    """Serve on `sockets` until a signal comes; with `alone` the MCP server, and nothing else.

    `watcher` is the process that watches this one, if it is one of several.
    Raises `ConfigError` for what keeps it from serving at all.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(router)
        book = None if keys is None else await stack.enter_async_context(keys)
        if keys is not None:
            following_keys = asyncio.create_task(_follow_keys(router, keys))
            stack.callback(following_keys.cancel)
        gateway = await stack.enter_async_context(_opened(router, settings, book, page, alone))
        if watcher is not None:
            gateway.fleet = await stack.enter_async_context(Member(watcher, gateway.counts))
        config = config_of(gateway, settings)
        if settings.certificate is not None:
            config.ssl = context_of(settings.certificate)
            following = asyncio.create_task(follow(config.ssl, settings.certificate))
            stack.callback(following.cancel)
        if settings.metrics is not None and sockets.metrics is not None:
            counts = config_of(gateway, settings, Metrics(gateway, settings.metrics.key))
            counts.ssl = config.ssl
            await stack.enter_async_context(listening(counts, sockets.metrics))
        # What is there now stays: the registry is a million objects that no collection has to look at again.
        gc.freeze()
        gc.enable()
        # And what a request makes is gone with it, so that what is young need be looked at less often.
        gc.set_threshold(_YOUNG)
        log.info(
            "listening host=%s port=%d tls=%s keys=%s",
            settings.host,
            sockets.api.getsockname()[1],
            "yes" if settings.hop.tls else "no",
            "no" if book is None else "yes",
        )
        await Server(config, gateway, settings).serve(sockets=[sockets.api])
        log.warning("ended requests=%d", gateway.counts.total)


@contextlib.asynccontextmanager
async def _opened(
    router: AsyncRouter,
    settings: ServeSettings,
    book: KeptKeys | None,
    page: Application | None,
    alone: Alone | None,
) -> AsyncIterator[Gateway]:
    """The application, with what is beside it, once both have refused what they must."""
    if not settings.mcp and alone is None:
        gateway = app(router, keys=book, settings=settings.hop, page=page)
        await self_test(gateway)
        yield gateway
        return
    from zdr_router.hosts.gateway.serving import tools  # noqa: PLC0415 - needs the extra `mcp`

    async with tools.tools(router, book, settings.hop, alone) as beside:
        gateway = app(
            router, keys=book, settings=settings.hop, page=page, beside={tools.PATH: beside}, api=alone is None
        )
        if alone is None:
            await self_test(gateway)
        await tools.self_test(gateway, beside)
        yield gateway


async def _follow_keys(router: AsyncRouter, keys: KeptKeys) -> None:
    """For as long as it runs: go by the section `keys` of what the router was reloaded with."""
    known = router.deployment
    while True:
        await asyncio.sleep(_LOOK)
        deployment = router.deployment
        if deployment is known:
            continue
        known = deployment
        if deployment.keys is None:
            log.error("keys not reloaded, the old ones stay in force why=%s", "the section is gone; restart instead")
            continue
        try:
            await keys.reload(deployment.keys, lease=deployment.patience + LEASE)
        except ConfigError as error:
            log.error("keys not reloaded, the old ones stay in force why=%s", error.problems[0].what)  # noqa: TRY400 - no traceback


def config_of(gateway: Gateway, settings: ServeSettings, served: Application | None = None) -> uvicorn.Config:
    """How uvicorn serves `gateway`, or what stands for it at an address of its own."""
    # uvicorn's own access log shows paths and queries, which callers write.
    config = uvicorn.Config(
        served or gateway,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=ceil(settings.drain) + _LAST_WORDS,
    )
    config.load()
    made: Any = partial(
        PatientProtocol,
        head=settings.head,
        head_within=settings.head_within,
        write_within=settings.write_within,
        turned_away=gateway.never_a_request,
    )
    config.http_protocol_class = made
    return config
