"""How a request leaves and what comes of it: one exchange under one deadline, and every failure of it as data.

Importing this module imports aiohttp, so it is imported when a router starts, not before.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from zdr_router.metadata import Outcome
from zdr_router.tls import client_context
from zdr_router.transport.alarm import Alarms
from zdr_router.transport.answer import Answer
from zdr_router.transport.base import SendFailure
from zdr_router.transport.exchange import Exchange, Pool, check_version
from zdr_router.transport.failures import failure_before_head, forget
from zdr_router.transport.head import render

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from zdr_router.policy.dispatch import Dispatch
    from zdr_router.policy.errand import Errand
    from zdr_router.transport.settings import TransportSettings


class AiohttpTransport:
    """Sends over pooled connections; `async with` opens the pool and closes it.

    Every wait is bounded by the deadline of the call, and that for a new connection also by `connect_timeout`.
    What took too long is TIMEOUT, with nothing sent while the connection did not stand; UNREACHABLE is what said no.
    """

    def __init__(self, settings: TransportSettings) -> None:
        """Read the trust store. Raises `ConfigError` when it cannot be read."""
        self._settings = settings
        self._tls = client_context(settings.ca_file, alpn=("http/1.1",))
        self._pool: Pool | None = None
        self._alarms = Alarms()

    async def __aenter__(self) -> Self:
        """Open the pool, on the running loop. Raises `ConfigError` for a version of aiohttp that is not known."""
        check_version(aiohttp.__version__)
        self._pool = Pool(self._settings, self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        pool, self._pool = self._pool, None
        self._alarms.close()
        if pool is not None:
            await pool.close()

    async def send(self, dispatch: Dispatch | Errand, *, deadline: float) -> Answer | SendFailure:
        """Send once. `sent` of a failure is "no" only where no byte can have left."""
        pool = self._open_pool()
        loop = asyncio.get_running_loop()
        if loop.time() >= deadline:
            return SendFailure(Outcome.TIMEOUT, "no")
        pieces = dispatch.body.open()
        size = sum(map(len, pieces))
        try:
            destination = pool.destination(dispatch.url)
            rendered = render if dispatch.once else pool.render
            head = rendered(dispatch.method, destination.opening, tuple(dispatch.headers.items()))
        except ValueError as error:  # a URL or a header that cannot be put on the wire
            forget(error)
            return SendFailure(Outcome.UNREACHABLE, "no")
        exchange: Exchange | None = None
        alarm = self._alarms.set(loop, deadline)
        try:
            exchange = await pool.exchange(destination)
            exchange.write(b"%b%d\r\n\r\n" % (head, size), pieces, size)
            start, content = await exchange.head()
        except BaseException as error:
            late = alarm.stop()
            failure = failure_before_head(error, exchange, late=late)
            if exchange is not None:
                exchange.abort()
            forget(error)
            if failure is None:
                raise
            return failure
        alarm.stop()
        answer = Answer(start, content, exchange, deadline=deadline, limit=self._settings.max_response_bytes)
        return answer if answer.acceptable() else answer.give_up(Outcome.MALFORMED)

    async def reach(self, url: str, *, deadline: float) -> SendFailure | None:
        """Open a new connection for the pool, if the host takes it. Not one byte of HTTP is sent to it.

        Through a proxy that is a tunnel for an https URL, and for an http URL no more than a connection to the proxy.
        """
        pool = self._open_pool()
        loop = asyncio.get_running_loop()
        if loop.time() >= deadline:
            return SendFailure(Outcome.TIMEOUT, "no")
        alarm = self._alarms.set(loop, deadline)
        try:
            await pool.replace(pool.destination(url))
        except BaseException as error:
            failure = failure_before_head(error, None, late=alarm.stop())
            forget(error)
            if failure is None:
                raise
            return failure
        alarm.stop()
        return None

    def _open_pool(self) -> Pool:
        if self._pool is None:
            message = "the transport is not open: use it within `async with`"
            raise RuntimeError(message)
        return self._pool
