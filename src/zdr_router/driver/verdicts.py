"""What a request that was not answered means to its caller: which error, which status, which code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.errors import Exhausted, InvalidRequest, Refused
from zdr_router.metadata import ErrorCode, Metadata, Outcome

if TYPE_CHECKING:
    from zdr_router.driver.ledger import Ledger
    from zdr_router.routing.walk import Done

_BAD_REQUEST = 400
_FORBIDDEN = 403
_TOO_MANY = 429
_BAD_GATEWAY = 502
_UNAVAILABLE = 503
_GATEWAY_TIMEOUT = 504
_SOON = 1.0
_PASSED_ON = frozenset({400, 413, 422})


def failure(
    done: Done, ledger: Ledger, at: float, retry_after: float | None = None
) -> Refused | Exhausted | InvalidRequest:
    """The error for a walk that ended without an answer; `retry_after` seconds later it may go better."""
    outcomes = [cause.outcome for cause in done.causes if cause.attempt is not None]
    last = outcomes[-1] if outcomes else None
    if last is Outcome.PROVIDER_REFUSAL:
        metadata = ledger.close(_BAD_REQUEST, ErrorCode.PROVIDER_REFUSAL, at)
        return InvalidRequest("the provider refused the request under its own content rules", metadata=metadata)
    if last is Outcome.CALLER_FAULT:
        given = ledger.attempts[-1].http_status
        status = given if given in _PASSED_ON else _BAD_REQUEST
        sentence = (
            "the request cannot be written in the target's format"
            if given is None
            else "the provider found the request invalid"
        )
        return InvalidRequest(sentence, status=status, metadata=ledger.close(status, ErrorCode.INVALID_REQUEST, at))
    if outcomes and all(outcome is Outcome.CONTEXT_TOO_LONG for outcome in outcomes):
        metadata = ledger.close(_BAD_REQUEST, ErrorCode.CONTEXT_TOO_LONG, at)
        return InvalidRequest("the request is longer than the context of every target", metadata=metadata)
    if not outcomes and done.verdict == "exhausted" and not done.held:
        return refused(ledger, at)
    busy = bool(outcomes) or retry_after is not None
    return Exhausted(_exhausted(done, outcomes, ledger, at, busy=busy), retry_after)


def refused(ledger: Ledger, at: float) -> Refused:
    """The error when no target may serve."""
    return Refused(ledger.refusals, ledger.close(_FORBIDDEN, ErrorCode.REFUSED, at))


def unrecorded(ledger: Ledger, at: float) -> Exhausted:
    """The error when a request could not be recorded, and so is not begun."""
    return Exhausted(ledger.close(_UNAVAILABLE, ErrorCode.UNRECORDED, at), _SOON)


def _exhausted(done: Done, outcomes: list[Outcome], ledger: Ledger, at: float, *, busy: bool) -> Metadata:
    """`busy`: where none was asked, it is because all of them want a rest."""
    if done.verdict == "deadline" or (outcomes and all(outcome is Outcome.TIMEOUT for outcome in outcomes)):
        return ledger.close(_GATEWAY_TIMEOUT, ErrorCode.DEADLINE, at)
    if busy and all(outcome in (Outcome.RATE_LIMITED, Outcome.QUOTA) for outcome in outcomes):
        return ledger.close(_TOO_MANY, ErrorCode.RATE_LIMITED, at)
    return ledger.close(_BAD_GATEWAY, ErrorCode.EXHAUSTED, at)
