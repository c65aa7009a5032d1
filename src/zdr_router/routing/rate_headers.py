"""For how long a provider's rate limits leave nothing, from the headers of any of its answers.

| who | what is left | when there is more |
|---|---|---|
| OpenAI, Groq, Azure, SambaNova | `x-ratelimit-remaining-requests`, `-tokens` | `x-ratelimit-reset-…`: `6m0s`, `88ms` |
| Cerebras, Mistral, SambaNova | the same with `-minute`, `-hour`, `-day` | the same, in seconds; Mistral does not say |
| Together, OpenRouter | `x-ratelimit-remaining` | `x-ratelimit-reset`: seconds; epoch milliseconds |
| Anthropic | `anthropic-ratelimit-requests-remaining`, … | `anthropic-ratelimit-requests-reset`: RFC 3339 |
| IETF drafts | `ratelimit-remaining`; `ratelimit: "name";r=0` | `ratelimit-reset`; `t=30`, in seconds |

OpenAI, Groq and Anthropic refill continuously and tell when all is there again ("resets to its initial state", "fully
replenished"), which is long after the next request would be served. Where they also tell the limit, the wait is
until one request of it is there, or a tenth of the tokens.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOTHING: Final = re.compile(r"0{1,20}(?:\.0{1,20})?")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,20})?")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,14}")
_PIECE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,20})?)(ms|us|µs|ns|d|h|m|s)")
_DURATION: Final = re.compile(rf"(?:{_PIECE.pattern}){{1,8}}")
_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_X: Final = re.compile(r"x-ratelimit-remaining(-(?:requests|req|(?:input-|output-)?tokens)(-minute|-hour|-day)?)?")
_ANTHROPIC: Final = re.compile(r"(anthropic-ratelimit-(?:requests|(?:input-|output-)?tokens)-)remaining")
_QUOTED: Final = re.compile(r'"[^"]*"')

_LONGEST: Final = 31 * 86400.0
"""No limit is counted over more than a month; what says so is not a wait."""

_DATES: Final = 1e8
_MILLISECONDS: Final = 1e11
"""Larger numbers are instants: seconds since the epoch, and milliseconds since it."""

_ENOUGH_TOKENS: Final = 0.1


def rest(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds for which nothing is left; None when something is, or when the headers do not say.

    `now` is in seconds since the epoch. Names of headers may be in any case.
    """
    # It reads the head of every answer. Most have none of these headers, which one search tells; and of those that do,
    # most have something left: then no value begins with 0.
    names = "\n".join(headers).lower()
    if "ratelimit" not in names:
        return None
    if "\n0" not in "\n".join(("", *headers.values())) and "\nratelimit\n" not in f"\n{names}\n":
        return None
    said = [(name.lower(), text) for name, text in headers.items()]
    return max((wait for wait in _waits(said, now) if 0.0 < wait <= _LONGEST), default=None)


def _waits(said: list[tuple[str, str]], now: float) -> Iterator[float]:
    headers = dict(said)
    for name, text in said:
        if name == "ratelimit":
            yield from _listed(text, now)
        elif _NOTHING.fullmatch(text):
            wait = _reset(headers, name, now)
            if wait is not None:
                yield wait


def _reset(headers: Mapping[str, str], remaining: str, now: float) -> float | None:
    """The wait that belongs to the header `remaining`, if it is one of those by which something is left or not."""
    if remaining == "ratelimit-remaining":
        return _seconds(headers.get("ratelimit-reset"), now)
    if found := _ANTHROPIC.fullmatch(remaining):
        kind = found[1]
        return _part(kind, headers.get(kind + "limit"), _until(headers.get(kind + "reset"), now))
    if found := _X.fullmatch(remaining):
        kind, window = found[1] or "", found[2]
        text = headers.get("x-ratelimit-reset" + kind)
        duration = _duration(text)
        if duration is None:
            return _seconds(text, now)
        # With a window in its name, or without any, it ends with the window; else it is a bucket.
        return duration if window or not kind else _part(kind, headers.get("x-ratelimit-limit" + kind), duration)
    return None


def _part(kind: str, limit: str | None, full: float | None) -> float | None:
    """How much of the time until a bucket is full has to pass before it is of use."""
    if full is None or limit is None or not _COUNT.fullmatch(limit):
        return full
    return full * _ENOUGH_TOKENS if "tokens" in kind else full / int(limit)


def _listed(text: str, now: float) -> Iterator[float]:
    """The waits of a `ratelimit` field: items with `r` and `t`, or in an older draft `remaining=0, reset=30`."""
    # Without the names of the policies, which may hold a comma.
    items = _QUOTED.sub("", text).split(",")
    for item in items:
        fields = _fields(item.split(";"))
        yield from _spent(fields.get("r"), fields.get("t"), now)
    fields = _fields(items)
    yield from _spent(fields.get("remaining"), fields.get("reset"), now)


def _fields(pieces: list[str]) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (piece.partition("=") for piece in pieces)}


def _spent(left: str | None, reset: str | None, now: float) -> Iterator[float]:
    wait = _seconds(reset, now)
    if wait is not None and left is not None and _NOTHING.fullmatch(left):
        yield wait


def _seconds(text: str | None, now: float) -> float | None:
    """A number of seconds, or an instant that a number gives."""
    if text is None or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if number < _DATES:
        return number
    return (number if number < _MILLISECONDS else number / 1000.0) - now


def _duration(text: str | None) -> float | None:
    if text is None or not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(text))


def _until(text: str | None, now: float) -> float | None:
    try:
        date = dt.datetime.fromisoformat(text or "")
        return (date if date.tzinfo else date.replace(tzinfo=dt.UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None
