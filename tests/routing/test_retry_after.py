"""How long a provider asks to be left alone."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.routing.retry_after import retry_after

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_seconds_and_milliseconds_are_read(headers, seconds):
    assert retry_after(headers, NOW) == seconds


def test_a_date_is_read_as_the_time_until_then():
    assert retry_after({"retry-after": formatdate(NOW + 90, usegmt=True)}, NOW) == 90.0


def test_a_date_that_has_passed_is_no_wait():
    assert retry_after({"retry-after": formatdate(NOW - 90, usegmt=True)}, NOW) == 0.0


def test_a_date_without_a_zone_is_taken_as_utc():
    assert retry_after({"retry-after": formatdate(NOW + 90).replace("-0000", "")}, NOW) == 90.0


@given(st.text(max_size=60) | st.from_regex(r"Wed, \d{1,6} (Jan|Feb) \d{1,9} \d+:\d+:\d+ [+-]\d{1,25}", fullmatch=True))
def test_whatever_a_provider_sends_is_a_wait_or_none(text):
    seconds = retry_after({"retry-after": text, "retry-after-ms": text}, NOW)
    assert seconds is None or 0.0 <= seconds < float("inf")
