"""What is committed to: a record in canonical JSON (RFC 8785) behind a salt of its own.

The salt is random and as long as the hash, and is kept with the record and nowhere else. When both are erased, nobody
can find out by trying which record a hash in the tree once stood for.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final

import orjson
import rfc8785

from zdr_router.metadata import AttemptRecord, Metadata, Refusal
from zdr_router.records.receipts.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

SALT: Final = 32
"""Bytes of a salt. It is fixed, so that where salt ends and record begins is not open to argument."""

_FIELDS: Final = tuple(sorted(Metadata._fields))
_ATTEMPT: Final = tuple(sorted(AttemptRecord._fields))
_REFUSAL: Final = tuple(sorted(field.name for field in dataclasses.fields(Refusal)))
_FLOATS: Final = tuple(name for name, kind in Metadata.__annotations__.items() if "float" in str(kind))
_ATTEMPT_FLOATS: Final = tuple(name for name, kind in AttemptRecord.__annotations__.items() if "float" in str(kind))
_in_order: Final = itemgetter(*map(Metadata._fields.index, _FIELDS))
_refusal_in_order: Final = attrgetter(*_REFUSAL)
_attempt_in_order: Final = itemgetter(*map(AttemptRecord._fields.index, _ATTEMPT))

_EXACT: Final = 2**53
_PLAIN: Final = 1e-5


# orjson writes what RFC 8785 asks for, and ten times faster than the library of that name, but for the order of keys
# and for numbers: whole ones, the very small and the very large.


def canonical_of(metadata: Metadata) -> bytes:
    """`canonical(metadata.as_dict())`, in a third of the time."""
    record = dict(zip(_FIELDS, _in_order(metadata), strict=True))
    _mend(record, _FLOATS)
    record["attempts"] = attempts = []
    for attempt in metadata.attempts:
        row = dict(zip(_ATTEMPT, _attempt_in_order(attempt), strict=True))
        _mend(row, _ATTEMPT_FLOATS)
        attempts.append(row)
    record["refusals"] = [dict(zip(_REFUSAL, _refusal_in_order(each), strict=True)) for each in metadata.refusals]
    return orjson.dumps(record)


def _mend(record: dict[str, Any], names: tuple[str, ...]) -> None:
    """Give the numbers that orjson writes otherwise the form that they have to have."""
    for name in names:
        value = record[name]
        if value is not None and not (_PLAIN <= value < _EXACT and value % 1):
            record[name] = _number(float(value))


def canonical(record: Mapping[str, object]) -> bytes:
    """A record as RFC 8785 writes it. Raises `ValueError` or `TypeError` for what is no JSON."""
    return orjson.dumps(_written(record), option=orjson.OPT_SORT_KEYS)


def commitment(salt: bytes, record: bytes) -> bytes:
    """The leaf that stands for a record in canonical JSON."""
    return leaf_hash(salt + record)


def _written(value: object) -> object:
    kind = type(value)
    if kind is float:
        return _number(value)  # type: ignore[arg-type]  # it is one
    if kind is dict:
        return {name: _written(each) for name, each in value.items()}  # type: ignore[attr-defined]  # it is one
    if kind is list:
        return [_written(each) for each in value]  # type: ignore[attr-defined]  # it is one
    return value


def _number(value: float) -> object:
    if value.is_integer() and -_EXACT < value < _EXACT:
        return int(value)
    if _PLAIN <= abs(value) < _EXACT:
        return value
    return orjson.Fragment(rfc8785.dumps(value))
