"""From metadata to rows: whatever is not of the closed set that a column holds is left out, or is `unknown`.

The metadata that the router makes has nothing else in it. This is the same rule once more, where things are kept: a
name counts if configuration knows it, a word if it is in its enumeration, an id of the host's if it looks like one, a
number if it fits.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from zdr_router.metadata import ErrorCode, Outcome, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.metadata import AttemptRecord, Metadata, Refusal

Row: TypeAlias = dict[str, Any]

UNKNOWN: Final = "unknown"

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_WORD: Final = re.compile(r"[a-z][a-z0-9._]{0,31}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_RULE: Final = re.compile(r"ZDR[0-9]{3}")
_LONGEST: Final = 256
_LARGEST: Final = 2**53
_CODES: Final = frozenset(ErrorCode)
_OUTCOMES: Final = frozenset(Outcome)
_SIGNALS: Final = frozenset(map(str, Signal))
_STATUS: Final = range(1000)
_LAST: Final = 253_402_300_800.0
"""The end of the year 9999."""
_POSITIONS: Final = 2**15 - 1
"""As many attempts or refusals of a request are kept."""


class Names:
    """The names that configuration knows, of whatever was in force since the process began."""

    def __init__(self) -> None:
        """None but the library's own."""
        self._known = {UNKNOWN, "probe"}

    def learn(self, names: Iterable[str]) -> None:
        """Know these as well."""
        self._known |= {name for name in names if len(name) <= _LONGEST and name.isprintable()}

    def known(self, name: str | None) -> str | None:
        """The name, if it is known."""
        return name if name is None or name in self._known else UNKNOWN

    def there(self, name: str) -> str:
        """The same where there always is one."""
        return name if name in self._known else UNKNOWN


def request_row(metadata: Metadata, names: Names) -> Row:
    """The row of a request."""
    return {
        "time": _instant(metadata.time),
        "request_id": _id(metadata.request_id) or UNKNOWN,
        "endpoint": metadata.endpoint if _WORD.fullmatch(metadata.endpoint) else UNKNOWN,
        "route": names.there(metadata.route),
        "tenant": names.known(metadata.tenant),
        "customer": _id(metadata.customer),
        "key": _id(metadata.key),
        "stream": bool(metadata.stream),
        "status": metadata.status if metadata.status in _STATUS else 0,
        "error_code": str(metadata.error_code) if metadata.error_code in _CODES else None,
        "duration_ms": _finite(metadata.duration_ms) or 0.0,
        "target": names.known(metadata.target),
        "configuration": names.known(metadata.configuration),
        "model": names.known(metadata.model),
        "attestation": _digest(metadata.attestation),
        "policy_digest": _digest(metadata.policy_digest) or UNKNOWN,
        "registry_digest": _digest(metadata.registry_digest) or UNKNOWN,
        "input_tokens": _count(metadata.input_tokens),
        "output_tokens": _count(metadata.output_tokens),
        "cached_tokens": _count(metadata.cached_tokens),
        "price": _finite(metadata.price),
        "first_chunk_ms": _finite(metadata.first_chunk_ms),
        "unsafe": bool(metadata.unsafe),
        "signals": ",".join(sorted(_SIGNALS.intersection(metadata.signals))) if metadata.signals else "",
        "schema": metadata.schema,
    }


def attempt_rows(metadata: Metadata, names: Names) -> list[Row]:
    """A row for each attempt."""
    key = {"time": _instant(metadata.time), "request_id": _id(metadata.request_id) or UNKNOWN}
    return [
        {**key, "position": position, **_attempt(each, names)}
        for position, each in enumerate(metadata.attempts[:_POSITIONS])
    ]


def refusal_rows(metadata: Metadata, names: Names) -> list[Row]:
    """A row for each reason why a target could not serve."""
    if not metadata.refusals:
        return []
    key = {"time": _instant(metadata.time), "request_id": _id(metadata.request_id) or UNKNOWN}
    reasons = dict.fromkeys(_refusal(each, names) for each in metadata.refusals)
    return [
        {**key, "position": position, "refusal": rule, "target": target}
        for position, (rule, target) in enumerate(reasons)
        if position < _POSITIONS
    ]


def _attempt(attempt: AttemptRecord, names: Names) -> Row:
    status = attempt.http_status
    return {
        "target": names.there(attempt.target),
        "configuration": names.there(attempt.configuration),
        "outcome": str(attempt.outcome) if attempt.outcome in _OUTCOMES else UNKNOWN,
        "sent": "no" if attempt.sent == "no" else "maybe",
        "http_status": status if status in _STATUS else None,
        "started_ms": _finite(attempt.started_ms) or 0.0,
        "duration_ms": _finite(attempt.duration_ms) or 0.0,
        "first_chunk_ms": _finite(attempt.first_chunk_ms),
        "attestation": _digest(attempt.attestation),
    }


def _refusal(refusal: Refusal, names: Names) -> tuple[str, str]:
    return refusal.id if _RULE.fullmatch(refusal.id) else UNKNOWN, names.there(refusal.target)


def _instant(at: float) -> float:
    """Seconds since the epoch that a calendar has a day for."""
    return float(at) if 0 <= at < _LAST else 0.0


def _id(text: str | None) -> str | None:
    return text if text is not None and _ID.fullmatch(text) else None


def _digest(text: str | None) -> str | None:
    return text if text is not None and _DIGEST.fullmatch(text) else None


def _finite(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None


def _count(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < _LARGEST else None
