"""What is signed is an in-toto statement, closed, and read as it was written."""

from __future__ import annotations

import orjson
import pytest

from zdr_router.errors import AttestationError
from zdr_router.records.receipts.statement import Batch, Rotation, instant, payload, read, read_instant

PLACE = {
    "journal": "0" * 32,
    "sequence": 2,
    "previous": "sha256:" + "1" * 64,
    "sealed_at": "2026-11-22T12:00:00.000Z",
    "first_leaf": 7,
}
BATCH = Batch(**PLACE, root="2" * 64, size=3, lost=0, policies=["p"], registries=["r"], attestations=[])
ROTATION = Rotation(**PLACE, key="sha256:" + "3" * 64, pem="PEM")


@pytest.mark.parametrize("statement", [BATCH, ROTATION])
def test_a_statement_is_read_as_it_was_written(statement):
    assert read(payload(statement)) == statement


def test_a_statement_is_one_of_in_toto():
    found = orjson.loads(payload(BATCH))
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "urn:zdr-router:receipts:batch:v1"
    assert found["subject"] == [{"name": "batch 2", "digest": {"merkleSha256": "2" * 64}}]
    assert found["predicate"]["firstLeaf"] == 7


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda found: found.update(predicateType="urn:zdr-router:receipts:batch:v2"),
        lambda found: found.update(more=1),
        lambda found: found["predicate"].update(more=1),
        lambda found: found["predicate"].pop("lost"),
        lambda found: found["predicate"].update(sequence=0),
        lambda found: found["predicate"].update(size="3"),
        lambda found: found["subject"].append(found["subject"][0]),
        lambda found: found["subject"][0].update(digest={"sha256": "2" * 64}),
        lambda found: found["subject"][0].update(name="batch 3"),
    ],
    ids=[
        "type",
        "predicate type",
        "member",
        "more said",
        "less said",
        "number",
        "text",
        "two subjects",
        "digest",
        "name",
    ],
)
def test_any_other_statement_is_none(change):
    found = orjson.loads(payload(BATCH))
    change(found)
    with pytest.raises(AttestationError, match="not one about receipts"):
        read(orjson.dumps(found, option=orjson.OPT_SORT_KEYS))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"subject":[]}'])
def test_what_is_no_statement_is_an_error(data):
    with pytest.raises(AttestationError):
        read(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22", "2026-11-22T00:00:00.000Z"),
        ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00.000Z"),
        ("2026-11-22T08:00:00.25+01:00", "2026-11-22T07:00:00.250Z"),
        ("2026-11-22T08:00:00", None),
        ("yesterday", None),
    ],
)
def test_an_instant_is_read_in_utc(text, expected):
    assert read_instant(text) == expected


def test_an_instant_is_written_to_the_millisecond():
    assert instant(1_795_348_800.0019) == "2026-11-22T12:00:00.001Z"
