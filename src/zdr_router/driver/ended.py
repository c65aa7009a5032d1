"""How an attempt ended, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from zdr_router.dialects.openai_errors import classify_error
from zdr_router.routing.retry_after import retry_after
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from zdr_router.dialects.base import Decoded
    from zdr_router.metadata import Outcome, Sent
    from zdr_router.transport.base import Response


class Ended(NamedTuple):
    """How an attempt ended. `wait` is how many seconds the provider asks to be left alone."""

    outcome: Outcome
    sent: Sent
    http_status: int | None = None
    wait: float | None = None
    answer: Decoded[Any] | None = None


async def unanswered(response: Response, now: float) -> Ended:
    """How it ended where the provider gave an error instead of an answer; `now` in seconds since the epoch."""
    wait = retry_after(response.headers, now)
    payload = await response.read()
    outcome = classify_error(response.status, b"" if isinstance(payload, SendFailure) else payload)
    return Ended(outcome, "maybe", response.status, wait)
