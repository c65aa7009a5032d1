"""What every declared model has in common."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import TypeAdapter, ValidationError

from zdr_router.registry.base import ConfigurationId, Date, Declared, Duration, Identifier, Link, Text


class Thing(Declared):
    name: Text
    number: float = 0.0
    day: Date | None = None


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a", "other": 1},
        {"name": 1},
        {"name": "  "},
        {},
        {"name": "a", "number": "1"},
        {"name": "a", "number": True},
        {"name": "a", "number": float("inf")},
        {"name": "a", "number": float("nan")},
        {"name": "a", "day": 20261122},
    ],
)
def test_nothing_is_coerced_ignored_or_endless(value):
    with pytest.raises(ValidationError):
        Thing.model_validate(value)


def test_a_declared_value_cannot_be_changed():
    thing = Thing(name=" a ")
    assert thing.name == "a"
    with pytest.raises(ValidationError):
        thing.name = "b"  # type: ignore[misc]


def test_an_error_never_shows_what_was_given():
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate({"name": ["CANARY"], "number": "CANARY", "day": "CANARY"})
    assert caught.value.error_count() == 3
    assert "CANARY" not in str(caught.value)


def _accepts(kind: object, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def test_a_date_is_a_day_as_iso_8601_writes_it():
    assert TypeAdapter(Date).validate_python("2026-11-22") == dt.date(2026, 11, 22)
    assert TypeAdapter(Date).validate_python(dt.date(2026, 11, 22)) == dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    "value",
    [
        "20261122",
        "2026-W47-7",
        "2026-11-31",
        "2026-1-1",
        "0000-01-01",
        "2026-11-22T00:00:00",
        "2026-11-22\n",
        " 2026-11-22",
        "\uff12\uff10\uff12\uff16-11-22",
        "22.11.2026",
        "",
        20261123,
        1795305600.0,
        True,
        None,
        dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    ],
)
def test_nothing_else_is_a_date(value):
    assert not _accepts(Date, value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("12h", 43200), ("90d", 7776000)]
)
def test_a_duration_is_seconds(text, seconds):
    assert TypeAdapter(Duration).validate_python(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["5", 6, 7.0, "5 m", "-5m", "5m\n", "m", "1e3s", "\u0665m", "9" * 400 + "d", "infs", True, None]
)
def test_a_duration_without_a_number_and_a_unit_is_refused(value):
    assert not _accepts(Duration, value)


@pytest.mark.parametrize("value", ["a", "a-b.c_1", "0", "a" * 64])
def test_an_identifier_is_short_and_lower_case(value):
    assert _accepts(Identifier, value)


@pytest.mark.parametrize("value", ["", "A", "a b", "a\n", "-a", ".a", "ä", "a/b", "a" * 65, 1, None])
def test_nothing_else_is_an_identifier(value):
    assert not _accepts(Identifier, value)


@pytest.mark.parametrize(
    ("value", "good"), [("a/b", True), ("a", False), ("a/b/c", False), ("a/", False), ("a/b\n", False)]
)
def test_a_configuration_id_is_two_identifiers(value, good):
    assert _accepts(ConfigurationId, value) is good


@pytest.mark.parametrize("value", ["https://a.example", "https://a.example/b?c=d#e", "http://a.example/@x"])
def test_a_link_is_the_address_of_a_page(value):
    assert _accepts(Link, value)


@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", "ftp://a.example", "a.example", "https://u:p@a.example/", "https://a b/", "", 1]
)
def test_nothing_else_is_a_link(value):
    assert not _accepts(Link, value)
