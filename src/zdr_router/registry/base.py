"""What every declared model has in common: frozen, closed, strict, and silent about its input in errors."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError


class Declared(BaseModel):
    """A frozen model in which an unknown key is an error, a wrong type is never coerced, and numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False)


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(value: object) -> dt.date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    elif type(value) is dt.date:
        return value
    kind = "date"
    message = "a date is written YYYY-MM-DD, for instance 2026-11-22"
    raise PydanticCustomError(kind, message)


Date = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{_DATE.pattern}$"}),
]
"""A day, UTC, written `YYYY-MM-DD`."""

JsonSchema: TypeAlias = "dict[str, Any]"
"""A part of a JSON Schema."""


def said(*names: str) -> JsonSchema:
    """The JSON Schema of a mapping in which each of these keys says something."""
    silent: JsonSchema = {"enum": [None, [], {}]}
    return {"required": list(names), "properties": {name: {"not": silent} for name in names}}


def one_said(*names: str) -> JsonSchema:
    """The JSON Schema of a mapping in which exactly one of these keys says something."""
    return {"oneOf": [said(name) for name in names]}


Json: TypeAlias = "bool | int | float | str | list[object] | dict[str, object] | None"
"""A JSON value."""

Text = Annotated[
    str,
    StringConstraints(min_length=1, strip_whitespace=True),
    WithJsonSchema({"type": "string", "pattern": r"\S"}),
]
"""Words for people; not empty."""


def _link(value: str) -> str:
    if not _LINK.fullmatch(value):
        kind, message = "link", "a link is written https://name/path (or http://), without credentials"
        raise PydanticCustomError(kind, message)
    return value


_LINK = re.compile(r"https?://[^\s/@\\]+(/\S*)?")

Link = Annotated[Text, AfterValidator(_link), WithJsonSchema({"type": "string", "pattern": f"^{_LINK.pattern}$"})]
"""The address of a page for people."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A name that may appear in records: lower-case letters, digits, dots, dashes and underscores."""

ConfigurationId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}$")]
"""`provider/configuration`."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|s|m|h|d)")


def _duration(value: object) -> float:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        kind, message = "duration", "a duration is written with its unit: 500ms, 30s, 5m, 12h or 90d"
        raise PydanticCustomError(kind, message)
    return float(match[1]) * _UNITS[match[2]]


Duration = Annotated[
    float, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"})
]
"""Seconds, written with a unit: `500ms`, `30s`, `5m`, `12h`, `90d`."""
