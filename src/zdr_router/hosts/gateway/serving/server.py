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
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from zdr_router.errors import ConfigError
from zdr_router.hosts.gateway.application import app
from zdr_router.hosts.gateway.serving.certificates import context_of, follow
from zdr_router.hosts.gateway.serving.protocol import PatientProtocol
from zdr_router.hosts.gateway.serving.self_test import self_test

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from zdr_router.hosting import ServeSettings
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


async def serve(
    router: AsyncRouter,
    settings: ServeSettings,
    keys: KeptKeys | None,
    socket_: socket.socket,
    *,
    page: Application | None = None,
) -> None:
    """Serve on `socket_` until a signal comes. Raises `ConfigError` for what keeps it from serving at all."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(router)
        book = None if keys is None else await stack.enter_async_context(keys)
        if keys is not None:
            following_keys = asyncio.create_task(_follow_keys(router, keys))
            stack.callback(following_keys.cancel)
        gateway = app(router, keys=book, settings=settings.hop, page=page)
        await self_test(gateway)
        config = config_of(gateway, settings)
        if settings.certificate is not None:
            config.ssl = context_of(settings.certificate)
            following = asyncio.create_task(follow(config.ssl, settings.certificate))
            stack.callback(following.cancel)
        # What is there now stays: the registry is a million objects that no collection has to look at again.
        gc.collect()
        gc.freeze()
        # And what a request makes is gone with it, so that what is young need be looked at less often.
        gc.set_threshold(_YOUNG)
        log.info(
            "listening host=%s port=%d tls=%s keys=%s",
            settings.host,
            socket_.getsockname()[1],
            "yes" if settings.hop.tls else "no",
            "no" if book is None else "yes",
        )
        await Server(config, gateway, settings).serve(sockets=[socket_])
        log.warning("ended requests=%d", gateway.counts.total)


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


def config_of(gateway: Gateway, settings: ServeSettings) -> uvicorn.Config:
    """How uvicorn serves `gateway`."""
    # uvicorn's own access log shows paths and queries, which callers write.
    config = uvicorn.Config(
        gateway,
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
