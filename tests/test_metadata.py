"""The record of a request is closed, frozen and plain."""

from __future__ import annotations

import json
import typing

import orjson
import pytest
from test_errors import ATTEMPTS, REFUSALS, metadata

from zdr_router.metadata import SCHEMA, AttemptRecord, Metadata, Refusal

RECORDS = (Metadata, AttemptRecord, Refusal)


@pytest.mark.parametrize(
    "record", [metadata(ATTEMPTS, REFUSALS), ATTEMPTS[0], REFUSALS[0]], ids=lambda each: type(each).__name__
)
@pytest.mark.parametrize("name", ["target", "note"])
def test_a_record_is_frozen_and_takes_nothing_else(record, name):
    with pytest.raises((AttributeError, TypeError)):
        setattr(record, name, "x")


@pytest.mark.parametrize("record", RECORDS)
def test_a_field_is_a_number_a_word_or_an_identifier(record):
    """So that nobody adds one that can hold whatever comes."""
    plain = {"str", "float", "int", "bool", "StrEnum"}
    for name, kind in typing.get_type_hints(record).items():
        for part in typing.get_args(kind) or (kind,):
            named = part if isinstance(part, type) else type(part)
            allowed = named.__name__ in {*plain, "NoneType", "ellipsis"} or issubclass(named, (str, *RECORDS))
            assert allowed, f"{name}: {kind}"


def test_a_record_is_plain_values_in_the_order_of_its_fields():
    whole = metadata(ATTEMPTS, REFUSALS)
    plain = whole.as_dict()
    assert list(plain) == list(Metadata._fields)
    assert plain["schema"] == SCHEMA
    assert plain["attempts"][0]["outcome"] == "transient"
    assert json.loads(json.dumps(plain)) == orjson.loads(orjson.dumps(plain))


def test_two_records_of_the_same_are_equal():
    assert metadata(ATTEMPTS) == metadata(ATTEMPTS)
    assert metadata(ATTEMPTS) != metadata()
