"""What a log record of this library says: the name of one event, and fields with types.

Every line is written as `NAME key=value key=value`, and so its template is its schema: the name stands before the first
key, and how a value is written says of which type it is. docs/logs.md lists every event with its fields.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGGERS: Final = ("zdr_router", "zdr_router.requests")
"""What this library logs to: what happens, and a line for each request that the router answered."""
_KEY: Final = re.compile(r" ([a-z]+)=%[.0-9]*([sdf])")
_EVENT: Final = re.compile(rf"(?P<name>[^%=]+?)(?P<keys>(?:{_KEY.pattern})*)")
_KINDS: Final[Mapping[str, type[str | int | float]]] = {"s": str, "d": int, "f": float}


class Event(NamedTuple):
    """What happened."""

    name: str
    fields: dict[str, str | int | float]


def event_of(record: logging.LogRecord) -> Event | None:
    """The event that `record` is; None where it was not written by this library."""
    template = parse(record.msg) if record.name in LOGGERS else None
    if template is None:
        return None
    name, keys = template
    values: tuple[Any, ...] = record.args if isinstance(record.args, tuple) else ()
    return Event(name, {key: keys[key](value) for key, value in zip(keys, values, strict=True)})


def parse(template: object) -> tuple[str, dict[str, type[str | int | float]]] | None:
    """The name of a line's template, and its keys with their types; None for one that is not written in this form."""
    return _parsed(template) if isinstance(template, str) else None


@lru_cache(maxsize=256)  # ours are fewer, and each of them is parsed for every line that is written as JSON
def _parsed(template: str) -> tuple[str, dict[str, type[str | int | float]]] | None:
    match = _EVENT.fullmatch(template)
    return None if match is None else (match["name"], {key: _KINDS[kind] for key, kind in _KEY.findall(match["keys"])})


class Events(logging.Filter):
    """Puts `event` and `fields` on the records that pass a handler: `handler.addFilter(Events())`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        event = event_of(record)
        record.event = record.getMessage() if event is None else event.name
        record.fields = {} if event is None else event.fields
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object for each record: `time` (UTC), `level`, `event`, and its fields beside them.

    A record of anybody else has its text as `message`. Tracebacks are left out: this library logs none.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        time = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        event = event_of(record)
        said = {"message": record.getMessage()} if event is None else {"event": event.name, **event.fields}
        return json.dumps({"time": time, "level": record.levelname.lower(), **said})
