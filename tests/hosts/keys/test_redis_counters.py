"""Limits that a fleet shares through a real server. Nothing but ids and numbers goes there."""

from __future__ import annotations

import asyncio
import logging
import secrets
import subprocess
import sys
import textwrap

import pytest
from here import needs_extra
from hypothesis import given, settings
from hypothesis import strategies as st
from keys_here import until

from zdr_router.errors import ConfigError
from zdr_router.hosts.keys.counting import LocalCounters
from zdr_router.hosts.keys.key import Limits
from zdr_router.hosts.keys.redis_counters import DIGEST, RedisCounters, names_of
from zdr_router.state.settings import RedisSettings

needs_extra("redis", "redis")

import redis  # noqa: E402 - only where it is installed

LEASE = 100.0


def clock():
    return asyncio.get_running_loop().time()


def worker(url, prefix="zdr", lease=LEASE) -> RedisCounters:
    return RedisCounters(RedisSettings(url, prefix=prefix), LocalCounters(clock, lease), lease)


async def test_workers_share_what_a_key_may_have(url, prefix):
    only = Limits(requests_per_minute=3, tokens_per_minute=1000)
    async with worker(url, prefix) as one, worker(url, prefix) as two:
        first = await one.reserve("k", only, 400)
        second = await two.reserve("k", only, 400)
        assert (first.over, second.over) == (None, None)
        assert second.requests == pytest.approx(1.0, abs=0.2)
        third = await one.reserve("k", only, 400)
        assert third.over == "tokens"
        assert 0 < third.wait <= 12
        assert (await two.reserve("k", only, 1001)).wait is None
        assert (await two.reserve("k", only, 0)).over is None
        fourth = await one.reserve("k", only, 0)
        assert fourth.over == "requests"
        assert 0 < fourth.wait <= 20
        assert (await one.reserve("another", only, 400)).over is None


async def test_what_is_settled_is_there_again_for_everybody(url, prefix):
    only = Limits(tokens_per_minute=1000, concurrent=1)
    async with worker(url, prefix) as one, worker(url, prefix) as two:
        first = await one.reserve("k", only, 900)
        assert (await two.reserve("k", only, 50)).over == "concurrent"
        first.settle(800)

        async def admitted():
            return (await two.reserve("k", only, 500)).over is None

        await until(admitted)
        first.settle(800)  # again: it gives nothing back
        await asyncio.sleep(0.1)
        found = await one.reserve("k", only, 0)
        assert found.over == "concurrent"
        assert found.tokens == pytest.approx(400, abs=90)


async def test_what_follows_in_one_worker_sees_what_was_settled_before(url, prefix):
    only = Limits(concurrent=1)
    async with worker(url, prefix) as one:
        for _ in range(50):
            found = await one.reserve("k", only, 1)
            assert found.over is None
            found.settle(0)


async def test_a_request_that_goes_away_gives_back_what_it_took_or_took_nothing(url, prefix):
    only = Limits(concurrent=2, tokens_per_minute=1000)
    async with worker(url, prefix) as one:
        for _ in range(10):
            task = asyncio.create_task(one.reserve("k", only, 100))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        found = [await one.reserve("k", only, 100) for _ in range(3)]
        assert [each.over for each in found] == [None, None, "concurrent"]
        assert found[1].tokens == pytest.approx(800, abs=50)


async def test_many_at_once_take_exactly_what_there_is(url, prefix):
    only = Limits(requests_per_minute=1_000_000, concurrent=30)
    async with worker(url, prefix) as one, worker(url, prefix) as two:
        found = await asyncio.gather(*((one, two)[n % 2].reserve("k", only, 1) for n in range(200)))
        assert sum(each.over is None for each in found) == 30


WORKER = """
    import asyncio, sys
    from zdr_router.hosts.keys.counting import LocalCounters
    from zdr_router.hosts.keys.key import Limits
    from zdr_router.hosts.keys.redis_counters import RedisCounters
    from zdr_router.state.settings import RedisSettings

    async def main(url, prefix):
        clock = asyncio.get_running_loop().time
        counters = RedisCounters(RedisSettings(url, prefix=prefix), LocalCounters(clock, 100.0), 100.0)
        taken = 0
        async with counters:
            assert counters._reached
            sys.stdout.write("ready\\n")
            sys.stdout.flush()
            sys.stdin.readline()
            for _ in range(20):
                found = await asyncio.gather(*(counters.reserve("k", Limits(concurrent=150), 1) for _ in range(10)))
                taken += sum(each.over is None for each in found)
        print(taken)

    asyncio.run(main(*sys.argv[1:]))
"""


def test_two_processes_together_take_exactly_what_there_is(url, prefix):
    command = [sys.executable, "-c", textwrap.dedent(WORKER), url, prefix]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    taken = [int(each.communicate(timeout=50)[0]) for each in running]
    assert sum(taken) == 150


async def test_what_lies_there_is_ids_and_numbers_and_goes_away_by_itself(url, prefix, client):
    async with worker(url, prefix, lease=5.0) as one:
        found = await one.reserve("0123456789ab", Limits(60, 1000, 5), 10)
        left, held = names_of(prefix, "0123456789ab")
        assert {key.decode() for key in client.scan_iter(f"{prefix}:*")} == {left, held}
        assert 0 < client.ttl(left) <= 180
        assert 0 < client.ttl(held) <= 6
        for name, value in client.hgetall(left).items():
            assert name in {b"requests", b"requests_at", b"tokens", b"tokens_at"}
            float(value)
        found.settle(0)
        await until(lambda: not client.exists(held))


async def test_a_place_that_nobody_gives_back_is_free_after_a_while(url, prefix):
    async with worker(url, prefix, lease=0.2) as one:
        assert (await one.reserve("k", Limits(concurrent=1), 1)).over is None

        async def free():
            return (await one.reserve("k", Limits(concurrent=1), 1)).over is None

        await until(free)


async def test_a_server_that_forgot_the_script_is_told_again(url, prefix, client):
    async with worker(url, prefix) as one:
        assert (await one.reserve("k", Limits(5), 1)).over is None
        client.script_flush()
        assert (await one.reserve("k", Limits(5), 1)).over is None
        assert client.script_exists(DIGEST) == [True]
        assert one._reached


async def test_without_redis_each_worker_counts_for_itself_until_it_is_back(server, caplog):
    only = Limits(requests_per_minute=2)
    with caplog.at_level(logging.WARNING, "zdr_router"):
        async with worker(server.url) as one:
            assert (await one.reserve("k", only, 1)).over is None
            server.kill()
            found = [(await one.reserve("k", only, 1)).over for _ in range(4)]
            assert found == [None, None, "requests", "requests"]
            server.start()
            await until(lambda: one._reached)
            assert (await one.reserve("k", only, 1)).over is None
    assert caplog.text.count("limits of keys are not shared") == 1
    assert caplog.text.count("limits of keys are shared again") == 1


async def test_a_fleet_that_starts_without_redis_starts(caplog):
    async with worker("redis://127.0.0.1:9/0") as one:
        found = await one.reserve("k", Limits(1), 1)
        assert found.over is None
        found.settle(0)
    assert "error=ConnectionError" in caplog.text


async def test_an_address_that_is_none_is_said():
    with pytest.raises(ConfigError, match="not the address"):
        async with worker("redis://user:secret@127.0.0.1/0"):
            pass


asks = st.lists(
    st.tuples(st.integers(0, 60), st.booleans(), st.integers(-50, 50)),
    max_size=30,
)


@settings(max_examples=25)
@given(
    given=st.builds(
        Limits, st.none() | st.integers(1, 20), st.none() | st.integers(1, 100), st.none() | st.integers(1, 4)
    ),
    asks=asks,
)
def test_redis_and_memory_decide_alike(url, given, asks):
    """The same requests at nearly the same time: between two of them next to nothing flows in."""
    prefix = f"zdr-test-{secrets.token_hex(6)}"

    async def both():
        local = LocalCounters(clock, LEASE)
        async with worker(url, prefix) as shared:
            for tokens, settled, difference in asks:
                mine, theirs = local.reserve_now("k", given, tokens), await shared.reserve("k", given, tokens)
                if mine.over != theirs.over:
                    # Only where what flowed in between the two made the difference.
                    assert {mine.over, theirs.over} <= {None, "requests", "tokens"}
                    assert (mine.wait or theirs.wait) < 5
                    return
                for here, there in ((mine.requests, theirs.requests), (mine.tokens, theirs.tokens)):
                    assert there == pytest.approx(here, abs=5) if here is not None else there is None
                if settled and mine.settle is not None:
                    mine.settle(difference)
                    theirs.settle(difference)

    asyncio.run(both())
    with redis.Redis.from_url(url) as client:
        client.delete(*names_of(prefix, "k"))


async def test_a_fault_of_ours_lets_nobody_wait(url, prefix, caplog, monkeypatch):
    async with worker(url, prefix) as one:

        async def broken(*_):
            raise ZeroDivisionError

        monkeypatch.setattr(one, "_run", broken)
        assert (await one.reserve("k", Limits(1), 1)).over is None
        assert (await one.reserve("k", Limits(1), 1)).over == "requests"
    assert "counting in Redis has ended error=ZeroDivisionError" in caplog.text
