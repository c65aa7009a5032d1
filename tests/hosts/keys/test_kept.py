"""The book of kept keys, over a real file of SQLite and a real PostgreSQL."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import sqlite3
import sys
import time

import pytest
from here import needs_extra
from keys_here import PEPPER, a_key, admitted, postgres, settings, some_place, sql, until

from zdr_router.errors import ConfigError
from zdr_router.hosts.keys import kept
from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.hosts.keys.kept import KeptKeys
from zdr_router.hosts.keys.key import Limits
from zdr_router.hosts.keys.store import Contact, KeyStore
from zdr_router.key_settings import KeySettings
from zdr_router.metadata import ErrorCode, Signal
from zdr_router.policy.policy import Policy
from zdr_router.records.store.settings import PostgresSettings
from zdr_router.sealed import Sealed

needs_extra("store", "sqlalchemy", "aiosqlite")
needs_extra("postgres", "asyncpg")

EVERYTHING = {
    "tenant": "acme",
    "customer": "c-17",
    "routes": frozenset({"assistant", "embedder"}),
    "endpoints": frozenset({"chat.completions"}),
    "policy": Policy(cache="none", regions=["eu"]),
    "limits": Limits(60, 10_000, 4, 1.5, 20.0),
    "expires": 4e9,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    with some_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture
def server():
    with postgres() as place:
        yield place


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(kept, "LOOK", 0.05)
    monkeypatch.setattr(kept, "WRITE", 0.1)


async def ask(book, text, **members):
    asked = {"endpoint": "chat.completions", "route": "assistant", "address": "127.0.0.1", "tokens": 10, **members}
    return await admitted(book, text.open(), **asked)


async def renamed(place, old, new):
    """Take a table away behind the back of those who use it, or bring it back."""
    if isinstance(place, PostgresSettings):
        await sql(place, f'ALTER TABLE "{place.namespace}".{old} RENAME TO {new}')
        return
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


async def test_a_key_comes_back_as_it_was_kept(place):
    plain, _ = a_key("plain")
    full, _ = a_key("full", **EVERYTHING)
    async with KeyStore(settings(place)) as store:
        await store.add(plain)
        await store.add(full)
        changes = await store.changes()
    assert {key.id: key for key in changes.keys} == {plain.id: plain, full.id: full}
    assert changes.epoch == 2


async def test_only_what_changed_is_read_again(place):
    first, second = a_key("first")[0], a_key("second")[0]
    async with KeyStore(settings(place)) as store:
        await store.add(first)
        seen = (await store.changes()).epoch
        assert (await store.changes(seen)).keys == ()
        await store.add(second)
        assert [key.id for key in (await store.changes(seen)).keys] == [second.id]
        assert await store.change(first.id, revoked=1.0)
        assert {key.id for key in (await store.changes(seen)).keys} == {first.id, second.id}
        assert not await store.change("000000000000", revoked=1.0)


async def test_a_key_is_admitted_with_whose_it_is(place):
    key, text = a_key(**EVERYTHING)
    async with KeyStore(settings(place)) as store:
        await store.add(key)
    async with KeptKeys(settings(place), lease=60) as book:
        admission = await ask(book, text)
        assert isinstance(admission, Admission)
        assert (admission.key, admission.tenant, admission.customer) == (key.id, "acme", "c-17")
        assert admission.policy == Policy(cache="none", regions=["eu"])
        assert admission.headers["x-ratelimit-remaining-requests"] == "59"


async def test_what_is_revoked_or_added_is_known_to_every_worker_within_a_second(place):
    key, text = a_key()
    other, other_text = a_key()
    async with KeyStore(settings(place)) as store:
        await store.add(key)
        async with KeptKeys(settings(place), lease=60) as one, KeptKeys(settings(place), lease=60) as two:
            for book in (one, two):
                assert isinstance(await ask(book, text), Admission)
            await store.change(key.id, revoked=time.time())
            await store.add(other)

            async def known() -> bool:
                answers = [await ask(book, text) for book in (one, two)]
                added = [await ask(book, other_text) for book in (one, two)]
                return all(isinstance(answer, Denied) for answer in answers) and all(
                    isinstance(answer, Admission) for answer in added
                )

            await until(known)
            denied = await ask(one, text)
            assert (denied.status, denied.signals, denied.key) == (401, (Signal.REVOKED_KEY,), key.id)
    assert kept.LOOK < 0.5


@pytest.mark.usefixtures("quick")
async def test_use_and_spending_are_written_down_and_shared(place):
    key, text = a_key(limits=Limits(usd_per_day=1.0))
    async with KeyStore(settings(place)) as store:
        await store.add(key)
        async with KeptKeys(settings(place), lease=60) as one, KeptKeys(settings(place), lease=60) as two:
            assert isinstance(await ask(one, text), Admission)
            one._follower.spending.add(key.id, 1.25, time.time())
            assert (await ask(one, text)).error_code is ErrorCode.SPENT

            async def spent() -> bool:
                return isinstance(await ask(two, text), Denied)

            await until(spent)
            denied = await ask(two, text)
            assert (denied.status, denied.code) == (429, "insufficient_quota")
            assert int(denied.headers["retry-after"]) <= 86_400
        (kept_key,) = (await store.changes()).keys
        assert kept_key.last_used is not None
        assert abs(kept_key.last_used - dt.datetime.now(dt.UTC).date()) <= dt.timedelta(days=1)
        day = dt.datetime.now(dt.UTC).date()
        periods = {name for offset in (-1, 0) for name in [(day + dt.timedelta(offset)).isoformat()]}
        assert [usd for _, _, usd in await store.spent(periods)] == [1.25]
    async with KeptKeys(settings(place), lease=60) as book:
        assert (await ask(book, text)).error_code is ErrorCode.SPENT


@pytest.mark.usefixtures("quick")
async def test_use_is_no_change_that_others_read_again(place):
    key, text = a_key()
    async with KeyStore(settings(place)) as store:
        await store.add(key)
        async with KeptKeys(settings(place), lease=60) as book:
            await ask(book, text)
        assert (await store.changes()).epoch == 1


@pytest.mark.usefixtures("quick")
async def test_keys_that_cannot_be_read_for_too_long_admit_nobody(place, caplog):
    key, text = a_key()
    async with KeyStore(settings(place)) as store:
        await store.add(key)
    async with KeptKeys(settings(place, stale_after=0.5), lease=60) as book:
        assert isinstance(await ask(book, text), Admission)
        with caplog.at_level(logging.WARNING, "zdr_router"):
            await renamed(place, "api_key_state", "away")

            async def refused() -> bool:
                return isinstance(await ask(book, text), Denied)

            await until(refused)
            denied = await ask(book, text)
            assert (denied.status, denied.error_code) == (503, ErrorCode.KEYS_UNREADABLE)
            await renamed(place, "away", "api_key_state")

            async def admitted() -> bool:
                return isinstance(await ask(book, text), Admission)

            await until(admitted)
            await until(lambda: "keys can be read and written again" in caplog.text)
    assert caplog.text.count("keys cannot be read or written") == 1


async def test_another_pepper_is_said_at_once(place):
    async with KeyStore(settings(place)):
        pass
    with pytest.raises(ConfigError, match=r"made with another pepper.*give the pepper"):
        async with KeyStore(KeySettings(place, Sealed("another pepper, of the same length"))):
            pass
    assert PEPPER.open() not in repr(settings(place))


async def test_a_store_of_a_later_release_is_not_touched(place):
    from sqlalchemy import text  # noqa: PLC0415

    async with KeyStore(settings(place)) as store, store._writing() as connection:
        await connection.execute(text("UPDATE api_key_state SET schema = 99"))
    with pytest.raises(ConfigError, match="has the schema 99"):
        async with KeyStore(settings(place)):
            pass


async def test_a_key_that_cannot_be_read_is_not_taken_and_the_others_are(place, caplog):
    good, good_text = a_key()
    bad, bad_text = a_key()
    async with KeyStore(settings(place)) as store:
        await store.add(good)
        await store.add(bad)
        await store.change(bad.id, policy='{"from_the_future": true}')
    async with KeptKeys(settings(place), lease=60) as book:
        assert isinstance(await ask(book, good_text), Admission)
        assert (await ask(book, bad_text)).status == 401
    assert f"key={bad.id}" in caplog.text


async def test_who_is_behind_a_customer_is_kept_apart_and_erased_alone(place):
    key, _ = a_key(customer="c-17")
    async with KeyStore(settings(place)) as store:
        await store.add(key)
        await store.keep_contact(Contact("c-17", "Ada Lovelace", "ada@example.com", "Engines Ltd"))
        await store.keep_contact(Contact("c-17", "Ada King", "ada@example.com", None))
        assert await store.contact("c-17") == Contact("c-17", "Ada King", "ada@example.com", None)
        assert await store.erase_contact("c-17")
        assert not await store.erase_contact("c-17")
        assert await store.contact("c-17") is None
        assert len((await store.changes()).keys) == 1
        if not isinstance(place, PostgresSettings):  # while it is open: nobody tidies up before
            for file in place.parent.glob("keys.db*"):
                assert b"Lovelace" not in file.read_bytes(), file
                assert b"Ada King" not in file.read_bytes(), file


async def test_a_server_that_is_not_there_is_said_with_its_place():
    nowhere = PostgresSettings("127.0.0.1", 9, "test", "postgres", Sealed("hunter2"))
    with pytest.raises(ConfigError, match=r"postgresql://127.0.0.1:9/test cannot be read") as raised:
        async with KeyStore(settings(nowhere)):
            pass
    assert "zdr.yaml:7" in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_a_database_that_does_not_exist_is_said(server):
    nowhere = PostgresSettings(server.host, server.port, "no_such_database", "postgres")
    with pytest.raises(ConfigError, match='cannot be read or written: database "no_such_database" does not exist'):
        async with KeyStore(settings(nowhere)):
            pass


async def test_the_file_is_its_owners_alone(tmp_path):
    async with KeyStore(settings(tmp_path / "deep" / "keys.db")) as store:
        await store.add(a_key()[0])
        for file in (tmp_path / "deep").iterdir():
            assert file.stat().st_mode & 0o077 == 0, file


async def test_another_section_takes_the_place_of_the_one_in_force(tmp_path):
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    key, text = a_key()
    other, other_text = a_key(limits=Limits(usd_per_day=1.0))
    for place, each in ((one, (key, other)), (two, (other,))):
        async with KeyStore(settings(place)) as store:
            for kept_key in each:
                await store.add(kept_key)
    async with KeptKeys(settings(one), lease=60) as book:
        await book.reload(settings(one), lease=60)
        assert isinstance(await ask(book, text), Admission)
        under_way = await ask(book, other_text)
        sending = book.verify(text.open(), address="127.0.0.1")
        with pytest.raises(ConfigError, match="another pepper"):
            await book.reload(KeySettings(two, Sealed("another pepper, of the same length")), lease=60)
        assert isinstance(await ask(book, text), Admission)
        await book.reload(settings(two), lease=60)
        assert (await sending.admit(endpoint="embeddings", route=None, tokens=1)).status == 503
        assert (await ask(book, text)).status == 401
        assert isinstance(await ask(book, other_text), Admission)
        under_way.on_release.func.__self__._spending.add(other.id, 2.0, time.time())  # as a release does with a price
        assert (await ask(book, other_text)).error_code is ErrorCode.SPENT


@pytest.mark.parametrize(
    ("module", "extra"), [("aiosqlite", "store"), ("sqlalchemy", "store"), ("asyncpg", "postgres")]
)
def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch, module, extra):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    place = PostgresSettings("127.0.0.1", 5432, "test", "postgres") if extra == "postgres" else tmp_path / "keys.db"
    with pytest.raises(ConfigError, match=rf"needs the package {module}; pip install \"zdr-router\[{extra}\]"):
        KeyStore(settings(place))
