"""A key that callers present is in nothing that outlives the request: no store, log, repr, exception or traceback."""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback

import pytest
from here import needs_extra
from keys_here import PEPPER, a_key, admitted, settings, some_place, sql
from redis_here import some_redis

from zdr_router.hosts.keys.kept import KeptKeys
from zdr_router.hosts.keys.key import Limits
from zdr_router.hosts.keys.store import KeyStore
from zdr_router.hosts.keys.token import parse
from zdr_router.records.store.settings import PostgresSettings
from zdr_router.state.settings import RedisSettings

needs_extra("store", "sqlalchemy", "aiosqlite")
needs_extra("postgres", "asyncpg")
needs_extra("redis", "redis")

import redis  # noqa: E402 - only where it is installed

LIMITS = Limits(1000, 100_000, 100, 10.0, 100.0)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with some_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    with some_place(request.param, tmp_path) as place:
        yield place


async def ask(book, presented, address="203.0.113.77"):
    return await admitted(book, presented, endpoint="chat.completions", route="assistant", address=address, tokens=1)


async def everything_in(place):
    if isinstance(place, PostgresSettings):
        tables = ("api_keys", "api_key_spending", "api_key_state", "api_contacts")
        return repr([await sql(place, f'SELECT * FROM "{place.namespace}".{table}') for table in tables]).encode()  # noqa: S608
    return b"".join(file.read_bytes() for file in place.parent.glob("keys.db*"))


def everything_under(client, prefix):
    found = list(client.scan_iter(f"{prefix}:*"))
    return b" ".join([*found, *(client.dump(key) for key in found)])


async def test_what_callers_present_is_in_no_store_and_no_log(place, url, caplog):
    prefix = f"zdr-test-{secrets.token_hex(6)}"
    key, text = a_key(limits=LIMITS, customer="c-1")
    wrong, mistyped = a_key()[1], text.open()[:-1] + ("0" if text.open()[-1] != "0" else "1")
    secret = parse(text.open()).secret.open()
    async with KeyStore(settings(place)) as store:
        await store.add(key)
    with caplog.at_level(logging.DEBUG), redis.Redis.from_url(url) as client:
        async with KeptKeys(settings(place, counters=RedisSettings(url, prefix=prefix)), lease=60) as book:
            for presented in (text.open(), wrong.open(), mistyped, "sk-canary-0123456789"):
                for _ in range(10):
                    answer = await ask(book, presented)
                    assert presented not in repr(answer)
                    assert secret not in repr(answer)
            shared = everything_under(client, prefix)
            assert key.id.encode() in shared
            reprs = repr((book, vars(book), vars(book._follower), vars(book._follower.book), settings(place), key))
        client.delete(*client.scan_iter(f"{prefix}:*"))
    kept = await everything_in(place)
    assert key.id.encode() in kept
    for canary in (text.open(), secret, wrong.open(), mistyped, "sk-canary-0123456789", "203.0.113.77", PEPPER.open()):
        assert canary.encode() not in kept
        assert canary.encode() not in shared
        assert canary not in caplog.text
        assert canary not in reprs


class Broken:
    """Counters that fail as no counters should."""

    async def reserve(self, key, *_):
        raise RuntimeError(key)


@pytest.fixture
async def kept_book(tmp_path):
    """A book over a file whose counters fail, and what the holder of its key presents."""
    key, text = a_key(limits=LIMITS)
    async with KeyStore(settings(tmp_path / "keys.db")) as store:
        await store.add(key)
    async with KeptKeys(settings(tmp_path / "keys.db"), lease=60) as book:
        book._follower.book._counters = Broken()
        yield book, text.open()


async def test_a_fault_while_a_request_is_counted_shows_no_key(kept_book):
    book, presented = kept_book
    task = asyncio.create_task(admitted(book, presented, endpoint="e", route=None, address="203.0.113.77", tokens=1))
    with pytest.raises(RuntimeError) as raised:
        await task
    frames = [frame for frame, _ in traceback.walk_tb(raised.value.__traceback__)]
    ours = [frame for frame in frames if "zdr_router" in frame.f_code.co_filename]
    assert ours
    for frame in ours:
        shown = repr(frame.f_locals)
        assert presented not in shown
        assert parse(presented).secret.open() not in shown
        assert "203.0.113.77" not in shown
