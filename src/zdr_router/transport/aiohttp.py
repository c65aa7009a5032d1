"""How bytes leave: over aiohttp, with whatever it would send, follow, keep or read beyond what was asked turned off.

Importing this module imports aiohttp, so it is imported when a router starts, not before.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, ThreadedResolver
from yarl import URL

from zdr_router.metadata import Outcome
from zdr_router.transport.answer import Answer
from zdr_router.transport.base import SendFailure
from zdr_router.transport.failures import FAILURES, failure_before_head, forget
from zdr_router.transport.outgoing import Outgoing
from zdr_router.transport.tls import client_context

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from aiohttp import ClientResponse

    from zdr_router.policy.dispatch import Dispatch
    from zdr_router.transport.settings import TransportSettings

# What aiohttp would add by itself, said here so that it does not depend on what is installed: its User-Agent names
# versions, and its Accept-Encoding lists the decompressors it found.
FIXED_HEADERS: Final = {"User-Agent": "zdr-router", "Accept": "*/*", "Accept-Encoding": "identity"}


class AiohttpTransport:
    """Sends over pooled connections; `async with` opens the pool and closes it.

    Every wait is bounded by the deadline of the call, and that for a new connection also by `connect_timeout`.
    A host that does not take the connection in that time is UNREACHABLE: TIMEOUT means the deadline alone.
    """

    def __init__(self, settings: TransportSettings) -> None:
        """Read the trust store. Raises `ConfigError` when it cannot be read."""
        self._settings = settings
        self._tls = client_context(settings.ca_file)
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool, on the running loop."""
        settings = self._settings
        connector = TCPConnector(
            ssl=self._tls, limit=settings.max_connections, resolver=ThreadedResolver(), use_dns_cache=False
        )
        self._session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers=FIXED_HEADERS,
            proxy=settings.proxy,
            trust_env=False,
            raise_for_status=False,
            auto_decompress=False,  # it takes a gzip stream that was cut short for a whole one
            timeout=ClientTimeout(total=None, sock_connect=settings.connect_timeout, ceil_threshold=inf),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, dispatch: Dispatch, *, deadline: float) -> Answer | SendFailure:
        """Send once. `sent` of a failure is "no" only where no byte can have left."""
        session = self._session
        if session is None:
            message = "the transport is not open: use it within `async with`"
            raise RuntimeError(message)
        if asyncio.get_running_loop().time() >= deadline:
            return SendFailure(Outcome.TIMEOUT, "no")
        outgoing = Outgoing(dispatch.body.open())
        try:
            async with asyncio.timeout_at(deadline):
                raw = await session.request(
                    dispatch.method,
                    URL(dispatch.url, encoded=True),  # as the guard read it: nothing quoted, no dots resolved
                    headers=dispatch.headers,
                    data=outgoing,
                    allow_redirects=False,
                )
        except asyncio.CancelledError as error:
            outgoing.abort()
            forget(error)
            raise
        except FAILURES as error:
            outgoing.abort()
            failure = failure_before_head(error, outgoing)
            forget(error)
            return failure
        if not outgoing.started:  # what the server said unasked on a pooled connection is no answer
            drop(raw)
            return SendFailure(Outcome.UNREACHABLE, "no")
        answer = Answer(raw, outgoing, deadline=deadline, limit=self._settings.max_response_bytes)
        return answer if answer.acceptable() else answer.give_up(Outcome.MALFORMED)


def drop(raw: ClientResponse) -> None:
    """Close the connection of an answer to nothing, before its request is written."""
    if raw.connection is not None and raw.connection.transport is not None:
        raw.connection.transport.abort()
    raw.close()
