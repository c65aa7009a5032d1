"""What is hashed is RFC 8785, whichever way it is written, and nobody can guess it without the salt."""

from __future__ import annotations

import hashlib

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from test_errors import ATTEMPTS, REFUSALS, metadata

from zdr_router.metadata import AttemptRecord, Outcome
from zdr_router.records.receipts.commitment import SALT, canonical, canonical_of, commitment

numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | numbers | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=8,
)
attempts = st.builds(
    AttemptRecord, st.text(st.characters(codec="utf-8")), st.just("a/b"), st.sampled_from(Outcome), st.just("no"),
    st.none() | st.integers(100, 599), numbers, numbers, st.none() | numbers,
)  # fmt: skip


@given(st.dictionaries(st.text(st.characters(codec="ascii")), values))
def test_a_record_is_written_as_the_standard_says(record):
    assert canonical(record) == rfc8785.dumps(record)


@given(st.lists(attempts, max_size=3), st.booleans(), numbers, st.none() | numbers)
def test_metadata_is_written_the_same_way_by_the_short_cut(given, refused, time, price):
    record = metadata(tuple(given), REFUSALS if refused else ())._replace(time=time, price=price)
    assert canonical_of(record) == rfc8785.dumps(record.as_dict())


@given(st.lists(attempts, max_size=2), numbers)
def test_what_was_read_back_gives_the_same_bytes(given, price):
    written = canonical_of(metadata(tuple(given))._replace(price=price))
    assert canonical(orjson.loads(written)) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_have_is_no_record(value):
    with pytest.raises(ValueError, match="representable"):
        canonical({"time": value})
    with pytest.raises(ValueError, match="representable"):
        canonical_of(metadata(ATTEMPTS)._replace(time=value))


def test_a_commitment_is_the_hash_of_a_leaf_of_salt_and_record():
    salt = bytes(range(SALT))
    assert commitment(salt, b"{}") == hashlib.sha256(b"\x00" + salt + b"{}").digest()
