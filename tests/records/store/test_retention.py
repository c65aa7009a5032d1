"""What is too old goes, what a customer wants gone goes, and nothing else does."""

from __future__ import annotations

import datetime as dt

import pytest
from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from sqlalchemy import func, select  # noqa: E402 - it may be missing
from stores import NOON, SALT, database, days, failed, keep, kept, record, store  # noqa: E402 - as above

from zdr_router.records.store import retention  # noqa: E402 - as above
from zdr_router.records.store.incidents import incident  # noqa: E402 - as above
from zdr_router.records.store.pseudonym import Pseudonyms  # noqa: E402 - as above
from zdr_router.records.store.retention import Customer, Gone, correct, erase, purge  # noqa: E402 - as above
from zdr_router.records.store.tables import OF_REQUESTS  # noqa: E402 - as above
from zdr_router.sealed import Sealed  # noqa: E402 - as above

PSEUDONYMS = Pseudonyms(Sealed(SALT))
FIRST, AFTER = dt.date(2020, 1, 1), dt.date(2030, 1, 1)


async def counts(opened):
    async with opened.reading() as connection:
        return [(await connection.execute(select(func.count()).select_from(table))).scalar() for table in OF_REQUESTS]


async def affected(opened):
    found = await incident(opened, "acme/zdr", FIRST, AFTER)
    return {each.pseudonym: each.attempted for each in found.affected}


async def test_what_is_older_than_it_may_be_is_deleted_and_nothing_else(place):
    limit = NOON - days(90)
    some = [failed(at=limit - 1), failed(at=limit - 0.001), failed(at=limit), failed(at=NOON)]
    await keep(place, some, clock=lambda: NOON - days(300))
    async with database(place) as opened:
        assert await counts(opened) == [4, 8, 4]
        assert await purge(opened, NOON) == Gone(2, 0)
        assert await counts(opened) == [2, 4, 2]
        assert await purge(opened, NOON) == Gone(0, 0)


async def test_much_is_deleted_in_pieces(place, monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 10)
    same = [record(at=NOON - days(200)) for _ in range(25)]
    some = [record(at=NOON - days(200) + number) for number in range(1, 40)]
    await keep(place, [*same, *some], clock=lambda: NOON - days(300))
    async with database(place) as opened:
        assert await purge(opened, NOON) == Gone(64, 0)
        assert await counts(opened) == [0, 0, 0]


async def test_who_closes_meanwhile_does_not_wait_for_the_rest(place, monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 10)
    await keep(place, [record(at=NOON - days(200) + number) for number in range(40)], clock=lambda: NOON - days(300))
    going = iter([True, False])
    async with database(place) as opened:
        assert await purge(opened, NOON, going=lambda: next(going)) == Gone(11, 0)
        assert await counts(opened) == [29, 29, 0]


async def test_on_day_200_the_index_answers_although_the_records_are_gone(place):
    await keep(place, [record("c-1"), failed("c-2")])
    then = NOON + days(200)
    async with store(place, clock=lambda: then) as made:
        while await kept(place):
            await made.flush()
    async with database(place) as opened:
        assert await counts(opened) == [0, 0, 0]
        found = await incident(opened, "acme/zdr", dt.date(2026, 11, 22), dt.date(2026, 11, 23))
        names = {PSEUDONYMS.of("acme", customer): customer for customer in ("c-1", "c-2", "c-3")}
        assert {names[each.pseudonym]: (each.attempted, each.sent, each.succeeded) for each in found.affected} == {
            "c-1": (1, 1, 1),
            "c-2": (2, 1, 0),
        }
        assert await purge(opened, NOON + days(400)) == Gone(0, 0)
        assert await purge(opened, NOON + days(401)) == Gone(0, 2)
        assert await affected(opened) == {}


async def test_erasing_a_customer_leaves_nothing_of_them_and_all_of_the_others(place):
    await keep(place, [failed("c-1"), failed("c-2"), record("c-1", tenant="globex"), record(None)])
    async with database(place) as opened:
        assert await erase(opened, Customer("c-1"), PSEUDONYMS) == Gone(2, 2)
        assert await counts(opened) == [2, 3, 1]
        assert await affected(opened) == {PSEUDONYMS.of("acme", "c-2"): 2, PSEUDONYMS.of("acme", None): 1}
    assert [each["customer"] for each in await kept(place)] in (["c-2", None], [None, "c-2"])


async def test_a_customer_whose_records_are_gone_is_erased_from_the_index_of_the_tenants_that_are_named(place):
    await keep(place, [record("c-1"), record("c-1", tenant="globex"), record("c-1", tenant=None)])
    async with database(place) as opened:
        await purge(opened, NOON + days(200))
        assert await counts(opened) == [0, 0, 0]
        assert await erase(opened, Customer("c-1"), PSEUDONYMS, ["acme", None]) == Gone(0, 2)
        assert await affected(opened) == {PSEUDONYMS.of("globex", "c-1"): 1}
        assert await erase(opened, Customer("c-1", "globex"), PSEUDONYMS, ["acme", None]) == Gone(0, 1)


async def test_of_one_tenant_alone_and_without_the_index(place):
    await keep(place, [record("c-1"), record("c-1", tenant="globex")])
    async with database(place) as opened:
        assert await erase(opened, Customer("c-1", "globex")) == Gone(1, 0)
        assert len(await affected(opened)) == 2
    assert [each["tenant"] for each in await kept(place)] == ["acme"]


async def test_nothing_of_an_erased_customer_is_left_in_the_files(tmp_path):
    place = tmp_path / "records.db"
    some = [record(f"c-{number % 2}-canary", at=NOON + number) for number in range(500)]
    await keep(place, some)

    def found(name):
        return sum(path.read_bytes().count(name) for path in place.parent.iterdir())

    assert found(b"c-0-canary") >= 250
    async with database(place) as opened:
        await erase(opened, Customer("c-0-canary"))
        assert found(b"c-0-canary") == 0
        assert found(b"c-1-canary") >= 250


async def test_a_corrected_customer_has_the_records_and_the_counts_of_both(place):
    await keep(place, [failed("c-old"), record("c-new"), record("c-old", tenant="globex")])
    async with database(place) as opened:
        assert await correct(opened, Customer("c-old"), "c-new", PSEUDONYMS) == Gone(2, 2)
        assert await affected(opened) == {PSEUDONYMS.of("acme", "c-new"): 3, PSEUDONYMS.of("globex", "c-new"): 1}
    assert {each["customer"] for each in await kept(place)} == {"c-new"}


@pytest.mark.parametrize("salt", ["another salt", SALT])
def test_a_pseudonym_is_another_one_for_each_tenant_customer_and_salt(salt):
    made = Pseudonyms(Sealed(salt))
    several = {made.of(tenant, customer) for tenant in ("a", "b", None) for customer in ("c", "d", None)}
    assert len(several) == 9
    assert (made.of("acme", "c-1") == PSEUDONYMS.of("acme", "c-1")) is (salt == SALT)
    assert made.resolve(["acme", None], ["c-1"])[made.of(None, "c-1")] == (None, "c-1")
