"""What an exception of aiohttp comes to: an outcome, after which nothing of the exception is left."""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Final

from aiohttp import ClientError
from aiohttp.http import HttpProcessingError
from aiohttp.streams import EofStream

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from zdr_router.transport.exchange import Exchange

FAILURES: Final = (ClientError, HttpProcessingError, EofStream, OSError, ValueError)
"""What aiohttp raises when a call fails. ValueError is a name or an address that cannot be connected to."""


def failure_before_head(error: BaseException, exchange: Exchange | None, *, late: bool) -> SendFailure | None:
    """Why no head of an answer came, or None for what is no failure of the call. `late`: the deadline ended it."""
    started = exchange is not None and exchange.started
    if not isinstance(error, FAILURES) and not (late and isinstance(error, CancelledError)):
        return None
    if late:
        return SendFailure(Outcome.TIMEOUT, "maybe" if started else "no")
    if not started:
        # The bare TimeoutError is that of `connect_timeout`; one of the system's is wrapped, and has a number.
        return SendFailure(Outcome.TIMEOUT if isinstance(error, TimeoutError) else Outcome.UNREACHABLE, "no")
    if isinstance(error, HttpProcessingError):
        return SendFailure(Outcome.MALFORMED, "maybe")
    return SendFailure(Outcome.TRANSIENT, "maybe")


def outcome_within_body(error: Exception, exchange: Exchange) -> Outcome:
    """Why no more of a body came. What the parser could not read is kept by the protocol, not raised to the reader."""
    if isinstance(error, TimeoutError) and not isinstance(error, ClientError):
        return Outcome.TIMEOUT
    if isinstance(exchange.fault(), HttpProcessingError):
        return Outcome.MALFORMED
    return Outcome.TRUNCATED


def forget(error: BaseException) -> None:
    """Cut an exception, and those behind it, off from the frames they passed: their locals hold content."""
    pending: list[BaseException | None] = [error]
    while pending:
        known = pending.pop()
        if known is not None:
            pending += (known.__cause__, known.__context__)
            known.__traceback__ = known.__cause__ = known.__context__ = None
