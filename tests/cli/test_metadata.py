"""`zdr metadata`, `zdr usage` and `zdr incident`, on a real file of records."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import sys

import pytest
from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from deployments import acme, configuration  # noqa: E402 - it stands after what may be missing
from stores import NOON, SALT, attempt, days, failed, kept, record, store  # noqa: E402 - as above

from zdr_router.cli.exits import Code  # noqa: E402 - as above
from zdr_router.driver.recording import lesson  # noqa: E402 - as above
from zdr_router.records.store.pseudonym import Pseudonyms  # noqa: E402 - as above
from zdr_router.sealed import Sealed  # noqa: E402 - as above

ENV = {"ZDR_SALT": SALT}
RECORDS = """
salt: {env: ZDR_SALT}
records: {store: {file: records.db}, keep: 36500d, incidents: 36500d}
"""
SPAN = ("--from", "2026-11-01", "--to", "2026-12-01")
DEPLOYMENT = acme([configuration("acme/zdr")]).deployment
CLAIMED = DEPLOYMENT.targets[0].digest


def there(outcome="ok", **members):
    return attempt(outcome, attestation=CLAIMED, **members)


SOME = [
    record("c-1", NOON, request_id="r1", attempts=(there(),)),
    record("c-1", NOON + 1, request_id="r2", tenant="globex", model="m", attempts=(there(),)),
    failed("c-2", NOON + days(2), request_id="r3", attempts=(there("timeout", http_status=None),)),
    record(None, NOON + days(2), request_id="r4", price=None, attempts=(there(),)),
]


@pytest.fixture
def empty(operator):
    path = operator()
    text = path.read_text(encoding="utf-8").replace("tenants:\n", "tenants:\n  globex: {}\n")
    path.write_text(text + RECORDS, encoding="utf-8")
    return path


@pytest.fixture
def place(empty):
    place = empty.parent / "records.db"

    async def fill():
        made = store(place)
        made.learn(*lesson(DEPLOYMENT))
        async with made:
            for each in SOME:
                made.record(each)

    asyncio.run(fill())
    return place


@pytest.fixture
def run(zdr, place):
    def told(*args, code=Code.DONE):
        result = zdr(*args, "-c", place.parent / "zdr.yaml", env=ENV)
        assert result.exit_code == code, result.stderr
        return result.stdout if code is Code.DONE else result.stderr

    return told


def ids(text):
    return [json.loads(line)["request_id"] for line in text.splitlines()]


def test_a_customer_is_given_what_is_kept_of_them(run):
    assert ids(run("metadata", "export", "--customer", "c-1")) == ["r1", "r2"]
    assert ids(run("metadata", "export", "--customer", "c-1", "--tenant", "globex")) == ["r2"]
    assert ids(run("metadata", "export"))[:2] == ["r1", "r2"]
    assert ids(run("metadata", "export", "--from", "2026-11-23", "--to", "2026-11-24")) == []
    assert len(ids(run("metadata", "export", "--from", "2026-11-22", "--to", "2026-11-23"))) == 2
    first = json.loads(run("metadata", "export", "--customer", "c-1", "--json"))[0]
    assert first == json.loads(json.dumps({**SOME[0].as_dict(), "signals": []}))


def test_as_a_table_each_record_is_a_line(run):
    lines = list(csv.DictReader(io.StringIO(run("metadata", "export", "--format", "csv"))))
    assert [line["request_id"] for line in lines][:2] == ["r1", "r2"]
    of = {line["request_id"]: line for line in lines}
    assert (of["r3"]["attempts"], of["r3"]["refusals"], of["r3"]["error_code"]) == ("1", "ZDR201", "exhausted")
    assert of["r4"]["customer"] == ""


def test_one_request_is_found_by_its_id(run):
    assert json.loads(run("metadata", "show", "r3"))["refusals"] == [{"refusal": "ZDR201", "target": "b/m"}]
    assert "there is no record of that request" in run("metadata", "show", "r9", code=Code.USAGE)


def test_a_customer_is_renamed_in_records_and_index(run):
    assert json.loads(run("metadata", "correct", "--customer", "c-1", "--to", "c-9", "--json")) == {
        "corrected": 2,
        "index": 2,
    }
    assert ids(run("metadata", "export", "--customer", "c-9")) == ["r1", "r2"]
    assert "corrected 0 records" in run("metadata", "correct", "--customer", "c-1", "--to", "c-9")
    assert "is no customer id" in run("metadata", "correct", "--customer", "c-9", "--to", "c 1", code=Code.USAGE)
    found = json.loads(run("incident", "--configuration", "acme/zdr", *SPAN, "--json"))
    of = Pseudonyms(Sealed(SALT)).of
    assert {of("acme", "c-9"), of("globex", "c-9")} <= {each["pseudonym"] for each in found["affected"]}


def test_erasing_a_customer_leaves_the_others(run):
    assert json.loads(run("metadata", "erase", "--customer", "c-1", "--tenant", "globex", "--json")) == {
        "erased": 1,
        "index": 1,
        "receipts": 0,
    }
    assert "erased 1 record\n" in run("metadata", "erase", "--customer", "c-1", "--keep-index")
    assert "c-1" not in run("metadata", "export")
    found = json.loads(run("incident", "--configuration", "acme/zdr", *SPAN, "--json"))
    assert len(found["affected"]) == 3


def test_erasing_a_customer_reaches_their_receipts(run, empty):
    needs_extra("receipts", "cryptography")
    from sealed_journal import Sealed as Journal  # noqa: PLC0415 - it needs the extra

    journal = Journal(empty.parent / "receipts", SOME)
    (empty.parent / "receipts.key").write_text(journal.key.pem())
    text = empty.read_text(encoding="utf-8")
    empty.write_text(f"{text}receipts: {{directory: receipts, key: {{file: receipts.key}}}}\n", encoding="utf-8")
    told = run("metadata", "erase", "--customer", "c-1", "--tenant", "globex")
    assert "erased 1 record" in told
    assert "receipts  1" in told
    assert json.loads(run("metadata", "erase", "--customer", "c-1", "--json"))["receipts"] == 1
    assert journal.problems() == []
    assert b'"c-1"' not in journal.leaves.read_bytes()
    assert b'"c-2"' in journal.leaves.read_bytes()


def test_old_records_can_be_deleted_before_their_time(run):
    assert "deleted 0 records" in run("metadata", "purge")
    assert json.loads(run("metadata", "purge", "--before", "2026-11-23", "--json")) == {"deleted": 2, "index": 0}
    assert sorted(ids(run("metadata", "export"))) == ["r3", "r4"]


def test_what_was_in_force_is_printed_to_the_byte(run):
    text = run("metadata", "archived", CLAIMED)
    assert "sha256:" + hashlib.sha256(text.encode()).hexdigest() == CLAIMED
    assert "nothing of that digest" in run("metadata", "archived", "sha256:00", code=Code.USAGE)


def test_usage_by_customer_day_and_model(run):
    lines = run("usage", "--from", "2026-11-01").splitlines()
    assert [line.split() for line in lines[1:]][:2] == [
        ["-", "2026-11-24", "m", "1", "1", "10", "20", "0", "0", "1"],
        ["c-1", "2026-11-22", "m", "2", "2", "20", "40", "0", "0.5", "0"],
    ]
    found = list(csv.DictReader(io.StringIO(run("usage", "--by", "tenant", "--format", "csv", "--to", "2026-12-01"))))
    assert [(each["tenant"], each["requests"], each["price"]) for each in found] == [
        ("acme", "3", "0.25"),
        ("globex", "1", "0.25"),
    ]
    told = json.loads(run("usage", "--customer", "c-2", "--to", "2026-11-25", "--json"))
    assert (told["from"], told["to"]) == ("2026-11-01", "2026-11-25")
    assert told["usage"] == [
        {"customer": "c-2", "day": "2026-11-24", "model": None, "requests": 1, "succeeded": 0, "input_tokens": 0}
        | {"output_tokens": 0, "cached_tokens": 0, "price": 0.0, "unpriced": 0}
    ]
    assert "no request was recorded" in run("usage", "--to", "2020-01-01")
    assert "summed by" in run("usage", "--by", "colour", code=Code.USAGE)
    assert "--to is not after --from" in run("usage", "--from", "2026-11-02", "--to", "2026-11-02", code=Code.USAGE)
    assert "--from is not a date" in run("usage", "--from", "yesterday", code=Code.USAGE)


def test_usage_drawn_day_by_day(run):
    lines = run("usage", "--from", "2026-11-01", "--plot", "tokens").splitlines()
    assert lines[0] == "tokens by day, UTC"
    assert [line.split()[0] for line in lines[1:]] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert [line.split()[-1] for line in lines[1:]] == ["60", "0", "30"]
    assert "0.5" in run("usage", "--from", "2026-11-01", "--plot", "price")
    assert "no request was recorded" in run("usage", "--from", "2027-11-01", "--plot", "requests")


def test_an_incident_names_pseudonyms_and_those_of_whom_one_has_a_list_by_name(run, empty):
    listed = empty.parent / "customers.csv"
    listed.write_text("c-2\nglobex,c-1\n", encoding="utf-8")
    span = ("--configuration", "acme/zdr", "--from", "2026-11-22", "--to", "2026-11-25")
    told = json.loads(run("incident", *span, "--customers", listed, "--json"))
    by = {(each["tenant"], each["customer"]): each for each in told["affected"]}
    assert by.keys() == {("acme", "c-2"), ("globex", "c-1"), ("acme", "(none)"), (None, None)}
    assert (by["acme", "c-2"]["sent"], by["acme", "c-2"]["succeeded"]) == (1, 0)
    (claim,) = told["claims"]
    assert (claim["attestation"], claim["sent"]) == (CLAIMED, 4)
    assert claim["declared"]["id"] == "acme/zdr"

    table = run("incident", *span)
    assert f"{CLAIMED}: 2026-11-22 to 2026-11-24, 4 sent; observed " in table
    assert "reached: 4 of 4 pseudonyms; not resolved: 3" in table
    lines = list(csv.DictReader(io.StringIO(run("incident", *span, "--customers", listed, "--format", "csv"))))
    assert sorted(line["customer"] for line in lines) == ["", "(none)", "c-1", "c-2"]
    assert "no request went to other/zdr" in run("incident", "--configuration", "other/zdr")
    assert json.loads(run("incident", *span[:2], "--attestation", "sha256:00", "--json"))["affected"] == []


def test_a_list_of_customers_that_cannot_be_read_is_an_error(run, empty):
    span = ("incident", "--configuration", "acme/zdr", "--from", "2026-11-01", "--customers")
    assert "cannot be read: No such file" in run(*span, empty.parent / "none.csv", code=Code.CONFIGURATION)
    (empty.parent / "odd.csv").write_bytes(b"\xff\xfe\x00")
    assert "it is no list in UTF-8" in run(*span, empty.parent / "odd.csv", code=Code.CONFIGURATION)


def test_the_index_answers_when_the_records_are_gone(run, place):
    run("metadata", "purge", "--before", "2026-12-01")
    assert asyncio.run(kept(place)) == []
    told = json.loads(run("incident", "--configuration", "acme/zdr", *SPAN, "--json"))
    assert len(told["affected"]) == 4


@pytest.mark.parametrize("command", [("metadata", "export"), ("usage",), ("incident", "--configuration", "a/b")])
def test_where_nothing_is_kept_there_is_nothing_to_read(zdr, operator, empty, command):
    told = zdr(*command, "-c", empty, env=ENV)
    assert (told.exit_code, "nothing was recorded yet" in told.stderr) == (Code.CONFIGURATION, True)
    assert not (empty.parent / "records.db").exists()
    told = zdr(*command, "-c", operator())
    assert (told.exit_code, "asks for no records" in told.stderr) == (Code.CONFIGURATION, True)


def test_a_file_that_is_no_store_is_an_error(zdr, empty):
    (empty.parent / "records.db").write_bytes(b"this is no database" * 100)
    told = zdr("usage", "-c", empty, env=ENV)
    assert (told.exit_code, "file is not a database" in told.stderr) == (Code.CONFIGURATION, True)


@pytest.mark.parametrize(
    "command",
    [
        ("usage",),
        ("incident", "--configuration", "a/b"),
        ("metadata", "export"),
        ("metadata", "show", "r1"),
        ("metadata", "archived", CLAIMED),
        ("metadata", "purge"),
        ("metadata", "erase", "--customer", "c-1"),
        ("metadata", "correct", "--customer", "c-1", "--to", "c-2"),
    ],
    ids=" ".join,
)
def test_without_the_extra_each_command_says_what_to_install(zdr, place, monkeypatch, command):
    for name in [name for name in sys.modules if name.startswith(("sqlalchemy", "zdr_router.records.store."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    told = zdr(*command, "-c", place.parent / "zdr.yaml", env=ENV)
    assert told.exit_code == Code.CONFIGURATION
    assert "needs the package sqlalchemy" in told.stderr
    assert 'pip install "zdr-router[store]"' in told.stderr
