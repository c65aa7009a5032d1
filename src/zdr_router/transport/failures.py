"""What an exception of aiohttp comes to: an outcome, after which nothing of the exception is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import ClientError, ClientResponseError
from aiohttp.http import HttpProcessingError

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from zdr_router.transport.outgoing import Outgoing

FAILURES: Final = (ClientError, OSError, ValueError)
"""What aiohttp raises when a call fails; ValueError is a header or a URL that cannot be put on the wire."""


def failure_before_head(error: Exception, outgoing: Outgoing) -> SendFailure:
    """Why no head of an answer came. aiohttp's own timeout is the one for connecting, a plain one is the deadline."""
    if isinstance(error, TimeoutError) and not isinstance(error, ClientError):
        return SendFailure(Outcome.TIMEOUT, "maybe" if outgoing.started else "no")
    if not outgoing.started:
        return SendFailure(Outcome.UNREACHABLE, "no")
    if isinstance(error, ClientResponseError):
        return SendFailure(Outcome.MALFORMED, "maybe")
    return SendFailure(Outcome.TRANSIENT, "maybe")


def outcome_within_body(error: Exception, outgoing: Outgoing) -> Outcome:
    """Why no more of a body came. What the parser could not read is kept by the protocol, not raised to the reader."""
    if isinstance(error, TimeoutError) and not isinstance(error, ClientError):
        return Outcome.TIMEOUT
    if isinstance(outgoing.connection_fault(), HttpProcessingError):
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
