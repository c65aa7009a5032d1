"""Against a server of the tests' own, which is killed, emptied and paused."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from here import needs_extra

needs_extra("redis", "redis")

from zdr_router.errors import ConfigError  # noqa: E402 - only where the extra is
from zdr_router.policy.policy import Policy  # noqa: E402 - as above
from zdr_router.state.redis_changes import RedisChanges  # noqa: E402 - as above
from zdr_router.state.settings import RedisSettings  # noqa: E402 - as above
from zdr_router.state.trust_book import RedisBook  # noqa: E402 - as above
from zdr_router.state.trust_changes import made  # noqa: E402 - as above
from zdr_router.state.trust_redis import RedisTrust  # noqa: E402 - as above


@pytest.fixture
def where(server):
    return RedisSettings(server.url, source="zdr.yaml:9")


@pytest.fixture
def book(where):
    """What the command line changes the state by; made from a thread, since it has a loop of its own."""
    RedisBook(where, "operator").init("a new trust state", again=False)
    return RedisBook(where, "operator")


async def eventually(what, within=3.0):
    """How long it took, in seconds."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within, "it did not happen"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def revoked(state):
    trust = state.read()
    return None if trust is None else dict(trust.revoked)


@pytest.mark.usefixtures("book")
async def test_every_worker_sees_a_revocation_within_a_second(where):
    async with RedisTrust(where) as here, RedisTrust(where) as there:
        here.revoke("provider:groq", "an incident")
        assert revoked(here) == {"provider:groq": "an incident"}
        assert await eventually(lambda: revoked(there)) < 1.0
        await asyncio.to_thread(RedisBook(where, "operator").release, "provider:groq", "it was another one")
        assert await eventually(lambda: revoked(there) == revoked(here) == {}) < 1.0


async def test_what_was_never_made_clears_nothing_and_is_made_on_purpose_only(where, caplog):
    async with RedisTrust(where) as state:
        state.contradict("target:a/m", "an answer")
        await asyncio.sleep(0.6)
        assert state.read() is None
        with pytest.raises(ConfigError, match="never made") as caught:
            await asyncio.to_thread(RedisBook(where, "operator").changes)
        assert caught.value.problems[0].fix == "zdr trust init -c zdr.yaml"
        await asyncio.to_thread(RedisBook(where, "operator").init, "new", again=False)
        await eventually(lambda: state.read() is not None)
        assert state.read().contradicted == {"target:a/m": "an answer"}
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 1
    with pytest.raises(ConfigError, match="already"):
        await asyncio.to_thread(RedisBook(where, "operator").init, "new", again=False)


async def test_a_server_that_never_answered_clears_nothing(server, where):
    server.kill()
    async with RedisTrust(where) as state:
        assert state.read() is None


@pytest.mark.usefixtures("book")
async def test_a_contradiction_outlives_an_outage_of_the_server(server, where):
    server.options = ("--port", str(server.port), "--appendonly", "yes", "--appendfsync", "always")
    server.kill()
    server.start()
    await asyncio.to_thread(RedisBook(where, "operator").init, "new", again=False)
    async with RedisTrust(where) as here:
        epoch = here.read().epoch
        server.kill()
        here.contradict("target:a/m", "an answer")
        assert here.read().contradicted == {"target:a/m": "an answer"}
        assert here.read().epoch > epoch
        await asyncio.sleep(0.6)
        server.start()
        async with RedisTrust(where) as there:
            await eventually(lambda: there.read() is not None and there.read().contradicted)
        await asyncio.sleep(0.6)
        assert len(await asyncio.to_thread(RedisBook(where, "operator").changes)) == 2


async def test_a_server_that_came_back_empty_says_nothing_until_the_state_is_made_again(server, where, book):
    await asyncio.to_thread(book.revoke, "provider:groq", "an incident")
    async with RedisTrust(where) as state:
        assert revoked(state)
        server.kill()
        server.start()
        await eventually(lambda: state.read() is None)
        await asyncio.sleep(0.6)
        assert state.read() is None
        await asyncio.to_thread(book.init, "the server lost it", again=False)
        await eventually(lambda: revoked(state) == {})


async def test_a_server_that_came_back_older_says_nothing_even_to_a_worker_that_starts_then(server, where, book):
    await asyncio.to_thread(book.revoke, "account:a", "leaked")
    raw = RedisChanges(where)
    async with RedisTrust(where) as state, raw:
        older = await raw._range(0)
        await asyncio.to_thread(book.revoke, "provider:groq", "an incident")
        await eventually(lambda: len(revoked(state)) == 2)
        server.kill()
        server.start()
        async with RedisChanges(where) as restored:
            await restored._open().rpush(restored.key, *older)
        await eventually(lambda: state.read() is None)
        await asyncio.sleep(0.6)
        async with RedisTrust(where) as started:
            assert started.read() is None
        with pytest.raises(ConfigError, match="lost") as caught:
            await asyncio.to_thread(book.changes)
        assert "--again" in caught.value.problems[0].fix
        await asyncio.to_thread(book.init, "looked at", again=True)
        await eventually(lambda: revoked(state) == {"account:a": "leaked"})


@pytest.mark.usefixtures("book")
async def test_behind_a_partition_the_last_answer_ages_and_is_refused_in_the_end(server, where):
    policy = Policy(max_revocation_staleness="1s").complete()
    async with RedisTrust(where) as state:
        assert state.read().fresh(policy, time.time())
        server.pause()
        await asyncio.sleep(0.1)
        assert state.read().fresh(policy, time.time())
        await eventually(lambda: not state.read().fresh(policy, time.time()))
        # A wall clock that is set back does not make it young.
        state._clock = lambda: time.time() - 3600
        assert not state.read().fresh(policy, time.time() - 3600)
        state._clock = time.time
        server.go_on()
        await eventually(lambda: state.read().fresh(policy, time.time()))


@pytest.mark.usefixtures("book")
async def test_what_is_sent_twice_is_there_once(where):
    async with RedisChanges(where) as one, RedisChanges(where) as other:
        seen = await one.look()
        await other.look()
        change = made("revoke", "account:a", why="leaked", by="me", at=time.time(), after=seen)
        assert await one.append(change)
        assert not await other.append(change)
        assert not await one.append(change)
        assert [each.kind for each in await other.look()] == ["init", "revoke"]


@pytest.mark.usefixtures("book")
async def test_workers_that_write_at_once_lose_nothing(where):
    async with RedisTrust(where) as here, RedisTrust(where) as there:
        for number in range(20):
            here.revoke(f"account:h{number}", "because")
            there.revoke(f"account:t{number}", "because")
        await eventually(lambda: len(revoked(here)) == len(revoked(there)) == 40)
        assert not here._view.waiting
    changes = await asyncio.to_thread(RedisBook(where, "operator").changes)
    assert [each.epoch - changes[0].epoch for each in changes] == list(range(41))


async def test_what_cannot_be_read_is_kept_aside_when_the_state_is_made_again(where, book):
    async with RedisTrust(where) as state, RedisChanges(where) as raw:
        await raw._open().rpush(raw.key, b"{}")
        await eventually(lambda: state.read() is None)
        with pytest.raises(ConfigError, match="not written"):
            await asyncio.to_thread(book.init, "x", again=False)
        aside = await asyncio.to_thread(book.init, "spoilt by hand", again=True)
        assert await raw._open().llen(aside) == 2
        await eventually(lambda: revoked(state) == {})


@pytest.mark.usefixtures("book")
async def test_no_key_is_outside_the_prefix_and_none_expires(where):
    async with RedisTrust(where) as state, RedisChanges(where) as raw:
        state.revoke("account:a", "leaked")
        await asyncio.sleep(0.6)
        keys = await raw._open().keys("*")
        assert keys == [b"{zdr:trust}:changes"]
        assert await raw._open().ttl(keys[0]) == -1


@pytest.mark.usefixtures("book")
async def test_leaving_the_block_ends_the_task_and_the_connections(where):
    before = asyncio.all_tasks()
    async with RedisTrust(where) as state:
        assert len(asyncio.all_tasks()) == len(before) + 1
        assert state.read() is not None
    assert asyncio.all_tasks() == before


def test_a_server_that_cannot_be_reached_is_an_error_with_the_line_that_names_it(server, where):
    server.kill()
    for act in (RedisBook(where, "operator").changes, lambda: RedisBook(where, "operator").revoke("account:a", "x")):
        with pytest.raises(ConfigError) as caught:
            act()
        assert caught.value.problems[0].where == "zdr.yaml:9"
        assert caught.value.__context__ is None
