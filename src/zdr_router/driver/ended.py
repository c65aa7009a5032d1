"""How an attempt ended, as data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router.dialects.openai_errors import classify_error
from zdr_router.errors import RouterError
from zdr_router.routing.rate_headers import rest
from zdr_router.routing.retry_after import retry_after
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from zdr_router.dialects.base import Decoded
    from zdr_router.metadata import Outcome, Sent
    from zdr_router.transport.base import Response


ENDS: Final = (RouterError, asyncio.CancelledError)
"""What a call ends with through no fault of this library. Another error keeps its frames, which say where to look."""


class Ended(NamedTuple):
    """How an attempt ended. `wait` is how many seconds the provider asks to be left alone."""

    outcome: Outcome
    sent: Sent
    http_status: int | None = None
    wait: float | None = None
    answer: Decoded[Any] | None = None


_FOR_AN_ERROR = 2.0
"""Seconds that the body of an error is waited for: its status has said most of it."""


async def unanswered(response: Response, now: float, limit: float) -> Ended:
    """How it ended where the provider gave an error instead of an answer.

    `now` is in seconds since the epoch; the attempt is given up at `limit`, an instant of the loop's clock.
    """
    wait = retry_after(response.headers, now) or rest(response.headers, now)
    response.allow(until=min(limit, asyncio.get_running_loop().time() + _FOR_AN_ERROR))
    payload = await response.read()
    outcome = classify_error(response.status, b"" if isinstance(payload, SendFailure) else payload)
    return Ended(outcome, "maybe", response.status, wait)
