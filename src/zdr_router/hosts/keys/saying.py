"""How a caller is told why its key does not let a request pass: status, words, headers, as in OpenAI's API."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, Final

from zdr_router.hosts.keys.base import Denied
from zdr_router.hosts.keys.buckets import full_in, written
from zdr_router.hosts.keys.verifying import Wrong
from zdr_router.metadata import ErrorCode, Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.hosts.keys.counting import Counted, Over
    from zdr_router.hosts.keys.key import Key, Limits

_CHALLENGE: Final = 'Bearer realm="zdr-router"'
_NO_RETRY: Final = {"x-should-retry": "false"}
_UNAUTHORISED: Final[Mapping[Wrong, tuple[str, Signal]]] = {
    Wrong.ABSENT: ("no API key was given; send it as `Authorization: Bearer zdr_…`", Signal.NO_KEY),
    Wrong.MISTYPED: ("this API key is not whole: it was mistyped or cut off", Signal.MISTYPED_KEY),
    Wrong.UNKNOWN: ("this is not a valid API key", Signal.UNKNOWN_KEY),
    Wrong.REVOKED: ("this API key was revoked", Signal.REVOKED_KEY),
    Wrong.EXPIRED: ("this API key has expired", Signal.EXPIRED_KEY),
}
_LIMITS: Final[Mapping[Over, tuple[str, Signal]]] = {
    "requests": ("this key's limit of requests a minute is reached", Signal.REQUEST_LIMIT),
    "tokens": ("this key's limit of tokens a minute is reached", Signal.TOKEN_LIMIT),
    "concurrent": ("this key has as many requests under way as it may have", Signal.CONCURRENCY_LIMIT),
}
_TOO_MANY_TOKENS: Final = (
    "the request may take more tokens than this key may in a whole minute; make it or `max_tokens` smaller"
)


def unauthorised(wrong: Wrong, key: Key | None, signals: tuple[Signal, ...] = ()) -> Denied:
    """401: who asks is not known."""
    message, signal = _UNAUTHORISED[wrong]
    error = "" if wrong is Wrong.ABSENT else ', error="invalid_token"'
    return Denied(
        401,
        ErrorCode.INVALID_KEY,
        message,
        code="invalid_api_key",
        headers={"www-authenticate": _CHALLENGE + error, **_NO_RETRY},
        signals=(signal, *signals),
        **_whose(key),
    )


def guessing(wait: float, signals: tuple[Signal, ...] = ()) -> Denied:
    """429: too many wrong keys came from there."""
    return Denied(
        429,
        ErrorCode.INVALID_KEY,
        "too many wrong API keys came from this address",
        code="too_many_wrong_keys",
        headers={**waiting(wait), **_NO_RETRY},
        signals=(Signal.KEEPS_GUESSING, *signals),
    )


def out_of_scope(key: Key, what: str) -> Denied:
    """403: the key is not for this endpoint or route."""
    return Denied(
        403,
        ErrorCode.OUT_OF_SCOPE,
        f"this API key may not use this {what}",
        code="insufficient_permissions",
        headers={"www-authenticate": f'{_CHALLENGE}, error="insufficient_scope"', **_NO_RETRY},
        signals=(Signal.OUT_OF_SCOPE,),
        **_whose(key),
    )


def limited(key: Key, counted: Counted, over: Over) -> Denied:
    """429: the key asks for more than it may, for now or, where `counted.wait` is None, with any such request."""
    message, signal = _LIMITS[over]
    headers = left(key.limits, counted)
    headers.update(_NO_RETRY if counted.wait is None else waiting(counted.wait))
    return Denied(
        429,
        ErrorCode.KEY_LIMITED,
        _TOO_MANY_TOKENS if counted.wait is None else message,
        type="tokens" if over == "tokens" else "requests",
        code="rate_limit_exceeded",
        headers=headers,
        signals=(signal,),
        **_whose(key),
    )


def spent(key: Key, period: str, wait: float) -> Denied:
    """429: the key's money for the day or the month is spent."""
    which = "day" if len(period) > len("2026-11") else "month"
    return Denied(
        429,
        ErrorCode.SPENT,
        f"this key's spending cap for the {which} is reached",
        type="insufficient_quota",
        code="insufficient_quota",
        headers={**waiting(wait), **_NO_RETRY},
        signals=(Signal.SPENDING_CAP,),
        **_whose(key),
    )


def unreadable() -> Denied:
    """503: which keys are good is not known just now, so none is."""
    return Denied(
        503,
        ErrorCode.KEYS_UNREADABLE,
        "API keys cannot be checked at the moment",
        type="server_error",
        code="keys_unreadable",
        headers=waiting(1.0),
    )


def waiting(seconds: float) -> dict[str, str]:
    """The headers that say how long to wait: at least a millisecond, so that nobody asks at once."""
    millis = max(1, ceil(seconds * 1000))
    return {"retry-after": str(ceil(millis / 1000)), "retry-after-ms": str(millis)}


def left(limits: Limits, counted: Counted) -> dict[str, str]:
    """What is left of the limits by the minute, in the headers of OpenAI's API."""
    headers: dict[str, str] = {}
    found = (
        ("requests", limits.requests_per_minute, counted.requests),
        ("tokens", limits.tokens_per_minute, counted.tokens),
    )
    for name, limit, have in found:
        if limit is not None and have is not None:
            headers[f"x-ratelimit-limit-{name}"] = str(limit)
            headers[f"x-ratelimit-remaining-{name}"] = str(max(0, int(have)))
            headers[f"x-ratelimit-reset-{name}"] = written(full_in(have, limit))
    return headers


def _whose(key: Key | None) -> dict[str, Any]:
    return {} if key is None else {"key": key.id, "tenant": key.tenant, "customer": key.customer}
