"""How a call that failed is told to its caller: public reasons, no account, no file, nothing of what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.errors import Exhausted, InvalidRequest, Refused, StreamBroken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.errors import RouterError
    from zdr_router.metadata import Refusal


def told(error: RouterError) -> str:
    """What a caller is told of `error`."""
    if isinstance(error, Refused):
        return f"zdr_refused: nothing was sent, since no provider may serve this request. {reasons(error.refusals)}"
    if isinstance(error, Exhausted):
        causes = ", ".join(f"{each.configuration}: {each.outcome}" for each in error.attempts)
        again = "" if error.retry_after is None else f" Ask again in {error.retry_after:.0f} s."
        return f"{error.metadata.error_code}: no provider answered ({causes or 'none was asked'}).{again}"
    if isinstance(error, InvalidRequest):
        return f"invalid_request: {error}"
    if isinstance(error, StreamBroken):
        return "stream_broken: the answer broke off, and was not asked for elsewhere"
    return "internal: the request could not be served"


def reasons(refusals: Iterable[Refusal]) -> str:
    """Every reason once, in order."""
    lines = []
    for refusal in refusals:
        shown = refusal.public()
        fix = f" Fix: {shown['fix']}." if "fix" in shown else ""
        lines.append(f"{shown['id']} {shown['configuration']}: {shown['reason']}.{fix}")
    return " ".join(dict.fromkeys(lines))
