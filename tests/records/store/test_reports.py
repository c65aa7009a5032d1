"""What is read out of the store: records of somebody, sums for a bill, and whom an incident concerns."""

from __future__ import annotations

import datetime as dt
import hashlib

from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from deployments import acme, configuration, parts  # noqa: E402 - it stands after what may be missing
from hypothesis import HealthCheck, given, settings  # noqa: E402 - as above
from hypothesis import strategies as st  # noqa: E402 - as above
from stores import (  # noqa: E402 - as above
    DIGEST,
    NOON,
    SALT,
    attempt,
    database,
    days,
    failed,
    keep,
    kept,
    record,
    store,
)

from zdr_router import AsyncRouter  # noqa: E402 - as above
from zdr_router.driver.recording import lesson  # noqa: E402 - as above
from zdr_router.metadata import Outcome  # noqa: E402 - as above
from zdr_router.records.store import reading  # noqa: E402 - as above
from zdr_router.records.store.archive import documents  # noqa: E402 - as above
from zdr_router.records.store.incidents import Affected, archived, incident  # noqa: E402 - as above
from zdr_router.records.store.pseudonym import Pseudonyms  # noqa: E402 - as above
from zdr_router.records.store.reading import Wanted  # noqa: E402 - as above
from zdr_router.records.store.rows import Names, attempt_rows, request_row  # noqa: E402 - as above
from zdr_router.records.store.tables import ATTEMPTS, REQUESTS  # noqa: E402 - as above
from zdr_router.records.store.usage import BY, Usage, usage  # noqa: E402 - as above
from zdr_router.sealed import Sealed  # noqa: E402 - as above

OTHER = "sha256:" + "d" * 64
MIDNIGHT = NOON - 12 * 3600


async def test_records_are_found_by_customer_tenant_id_and_time(place):
    some = [record("c-1"), record("c-2"), record("c-1", NOON + 60, tenant="globex"), failed("c-1", NOON - 60)]
    await keep(place, some)

    async def found(**wanted):
        return [
            some.index(next(each for each in some if each.request_id == row["request_id"]))
            for row in await kept(place, **wanted)
        ]

    assert sorted(await found()) == [0, 1, 2, 3]
    assert await found(customer="c-1") == [3, 0, 2]
    assert await found(customer="c-1", tenant="globex") == [2]
    assert await found(request_id=some[1].request_id) == [1]
    assert await found(customer="c-1", since=NOON, until=NOON + 60) == [0]
    assert await found(customer="c-9") == []


async def test_many_records_are_read_page_by_page_each_once_with_its_own_attempts(place, monkeypatch):
    monkeypatch.setattr(reading, "_PAGE", 7)
    some = [failed(f"c-{number}", NOON + number // 10) for number in range(50)]
    await keep(place, some)
    rows = await kept(place)
    assert sorted(each["request_id"] for each in rows) == sorted(each.request_id for each in some)
    assert all([one["outcome"] for one in each["attempts"]] == ["timeout", "unreachable"] for each in rows)
    assert [each["time"] for each in rows] == sorted(each.time for each in some)


async def test_usage_is_summed_by_customer_day_and_model(place):
    await keep(
        place,
        [
            record("c-1", MIDNIGHT, cached_tokens=4),
            record("c-1", MIDNIGHT + 86_399.9),
            record("c-1", MIDNIGHT - 0.1),
            record("c-2", NOON, price=None),
            failed("c-1", NOON),
            record(None, NOON),
        ],
        clock=lambda: NOON,
    )
    async with database(place) as opened:
        found = await usage(opened, Wanted(), ("customer", "day", "model"))
        assert found == [
            Usage((None, "2026-11-22", "m"), 1, 1, 10, 20, 0, 0.25, 0),
            Usage(("c-1", "2026-11-21", "m"), 1, 1, 10, 20, 0, 0.25, 0),
            Usage(("c-1", "2026-11-22", None), 1, 0, 0, 0, 0, 0.0, 0),
            Usage(("c-1", "2026-11-22", "m"), 2, 2, 20, 40, 4, 0.5, 0),
            Usage(("c-2", "2026-11-22", "m"), 1, 1, 10, 20, 0, 0.0, 1),
        ]
        day = Wanted(customer="c-1", since=MIDNIGHT, until=MIDNIGHT + 86_400)
        assert await usage(opened, day, ("customer",)) == [Usage(("c-1",), 3, 2, 20, 40, 4, 0.5, 0)]
        for name in BY:
            assert sum(each.requests for each in await usage(opened, Wanted(), (name,))) == 6
        assert await usage(opened, Wanted(customer="c-9"), ("day",)) == []


async def test_an_incident_names_everybody_whose_requests_went_there_in_that_time(place):
    hedged = (
        attempt(Outcome.CANCELLED, http_status=None),
        attempt(Outcome.OK, target="b/m", configuration="other/zdr", attestation=OTHER),
    )
    await keep(
        place,
        [
            record("c-1", NOON - days(2)),
            record("c-1", NOON),
            failed("c-2", NOON),
            record("c-3", NOON, attempts=hedged),
            record("c-4", NOON, attempts=(attempt(configuration="other/zdr", attestation=OTHER),)),
            record("c-5", NOON + days(1)),
            record("c-6", NOON, attempts=(attempt(attestation=OTHER),)),
        ],
        clock=lambda: NOON,
    )
    day = dt.date(2026, 11, 22)
    of = Pseudonyms(Sealed(SALT)).of
    async with database(place) as opened:
        found = await incident(opened, "acme/zdr", day - dt.timedelta(2), day + dt.timedelta(1))
        assert found.affected[0] == Affected(of("acme", "c-1"), day - dt.timedelta(2), day, 2, 2, 2)
        assert {each.pseudonym: each[3:] for each in found.affected[1:]} == {
            of("acme", "c-2"): (2, 1, 0),
            of("acme", "c-3"): (1, 1, 0),
            of("acme", "c-6"): (1, 1, 1),
        }
        assert [(each.attestation, each.sent, each.declared) for each in found.claims] == [
            (DIGEST, 4, None),
            (OTHER, 1, None),
        ]
        under = await incident(opened, "acme/zdr", day, day + dt.timedelta(1), OTHER)
        assert [each.pseudonym for each in under.affected] == [of("acme", "c-6")]


async def test_what_was_in_force_can_be_read_by_digest_and_its_digest_is_that_of_its_bytes(place):
    deployment = AsyncRouter(**parts("http://127.0.0.1:9/v1")).deployment
    learned = lesson(deployment)
    (target,) = deployment.targets
    wanted = {
        "registry": deployment.registry.digest,
        "configuration": target.digest,
        "policy": deployment.policies[None].digest,
    }
    made = store(place)
    made.learn(*learned)
    async with made:
        pass
    async with database(place) as opened:
        for digest in wanted.values():
            content = await archived(opened, digest)
            assert "sha256:" + hashlib.sha256(content).hexdigest() == digest
        assert await archived(opened, OTHER) is None
    assert {each.kind: each.digest for each in learned.documents if each.kind != "provider"} == wanted
    assert {"chat", "a/m", "m", "llama-cpp/self-operated"} <= learned.names


async def test_the_archive_says_what_was_claimed_of_a_configuration_then(place):
    claimed = configuration("acme/zdr")
    deployment = acme([claimed]).deployment
    digest = deployment.targets[0].digest
    made = store(place)
    made.learn(*lesson(deployment))
    async with made:
        made.record(record(attempts=(attempt(attestation=digest),)))
    day = dt.date(2026, 11, 22)
    async with database(place) as opened:
        (claim,) = (await incident(opened, "acme/zdr", day, day + dt.timedelta(1))).claims
    assert claim.attestation == digest
    assert claim.declared["attestation"]["observed"] == str(claimed.attestation.observed)


def test_a_document_is_archived_once():
    deployment = AsyncRouter(**parts("http://127.0.0.1:9/v1")).deployment
    policy = deployment.policies[None]
    found = documents(deployment.registry, ["llama-cpp/self-operated"] * 2, [policy, policy])
    assert sorted(each.kind for each in found) == ["configuration", "policy", "provider", "registry"]


ODD = st.text(max_size=300) | st.sampled_from(["chat", "a/m", "ok"])
NUMBER = st.floats() | st.integers(-(2**70), 2**70)


@given(text=ODD, number=NUMBER, count=st.integers(-(2**70), 2**70))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_metadata_has_in_it_its_rows_fit_their_columns(text, number, count):
    names = Names()
    names.learn(["chat", "a/m"])
    odd = record(
        text, number, request_id=text, endpoint=text, route=text, tenant=text, key=text, status=count, error_code=text,
        duration_ms=number, target=text, configuration=text, model=text, attestation=text, policy_digest=text,
        registry_digest=text, input_tokens=count, output_tokens=count, price=number, first_chunk_ms=number,
        signals=(text,), attempts=(attempt(text, target=text, http_status=count, sent=text, started_ms=number),),
    )  # fmt: skip
    for table, row in ((REQUESTS, request_row(odd, names)), *((ATTEMPTS, row) for row in attempt_rows(odd, names))):
        for column in table.columns:
            value = row[column.name]
            assert value is not None or column.nullable
            if isinstance(value, str):
                assert len(value) <= column.type.length
                assert value.isascii()
            if isinstance(value, float):
                assert value - value == 0, "finite"
            elif isinstance(value, int):
                assert abs(value) < (2**15 if "SMALL" in str(column.type) else 2**53)
