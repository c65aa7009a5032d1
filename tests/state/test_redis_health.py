"""Health shared through a real server: what one worker sees the others see, and nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time

import pytest
from here import needs_extra
from redis_server import RedisServer

from zdr_router.errors import ConfigError
from zdr_router.routing.health import UNKNOWN, HealthEvent, admits, due
from zdr_router.routing.settings import HealthSettings
from zdr_router.sealed import Sealed
from zdr_router.state import redis_health
from zdr_router.state.redis_health import QUEUE, RedisHealth
from zdr_router.state.settings import RedisSettings

needs_extra("redis", "redis")

import redis  # noqa: E402 - only where it is installed

ASKED, STARTED, FAILED = HealthEvent("asked"), HealthEvent("started"), HealthEvent("failed")
SUCCEEDED, ABANDONED = HealthEvent("succeeded", latency=0.25), HealthEvent("abandoned")
SETTINGS = HealthSettings(consecutive_failures=3, eject_for=1.0, longest_ejection=10.0)


def worker(url, prefix="zdr", known=SETTINGS, targets=("a/m",)) -> RedisHealth:
    return RedisHealth(RedisSettings(url, prefix=prefix), known, targets)


def now() -> float:
    return asyncio.get_running_loop().time()


def tell(store, *events, target="a/m"):
    for event in events:
        store.apply(target, event, now())
    return store.apply(target, ASKED, now())


async def seconds_until(condition, *, within=5.0) -> float:
    began = now()
    while not condition():
        assert now() - began < within
        await asyncio.sleep(0.005)
    return now() - began


def admitted(store, target="a/m") -> bool:
    return admits(store.apply(target, ASKED, now()), now())


async def test_an_ejection_that_one_worker_sees_all_see_within_a_second(url, prefix):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        for _ in range(3):
            tell(one, FAILED)
        assert not admitted(one)
        assert await seconds_until(lambda: not admitted(other)) < 1.0


async def test_failures_that_are_spread_over_the_workers_count_together(url, prefix):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        tell(one, FAILED)
        await asyncio.sleep(0.1)
        tell(other, FAILED)
        await asyncio.sleep(0.1)
        tell(one, FAILED)
        await seconds_until(lambda: not admitted(one) and not admitted(other))


async def test_clocks_of_workers_need_not_agree(url, prefix):
    """The other worker's clock began with its machine; what travels is how long the ejection still lasts."""
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        tell(one, FAILED, FAILED, FAILED)
        await seconds_until(lambda: not admitted(other))
        left = [due(store.apply("a/m", ASKED, now()), now()) - now() for store in (one, other)]
        assert left[0] == pytest.approx(left[1], abs=0.2)
        assert 0.0 < left[1] <= 1.0


async def test_one_probe_brings_a_target_back_for_all(url, prefix):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        tell(one, FAILED, FAILED, FAILED)
        await seconds_until(lambda: not admitted(other))
        await seconds_until(lambda: admitted(one) and admitted(other))
        tell(one, STARTED)
        assert await seconds_until(lambda: not admitted(other)) < 1.0
        tell(one, SUCCEEDED)
        assert await seconds_until(lambda: admitted(other)) < 1.0
        assert other.apply("a/m", ASKED, now()).ejected_until == 0.0


async def test_what_the_provider_asked_for_is_known_to_all(url, prefix):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        tell(one, HealthEvent("throttled", not_before=now() + 30.0))
        await seconds_until(lambda: not admitted(other))
        assert due(other.apply("a/m", ASKED, now()), now()) - now() == pytest.approx(30.0, abs=1.0)


async def test_isolation_is_known_to_all_and_to_those_that_start_later(url, prefix):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        tell(one, HealthEvent("isolated"))
        await seconds_until(lambda: other.apply("a/m", ASKED, now()).isolated)
        async with worker(url, prefix) as late:
            assert late.apply("a/m", ASKED, now()).isolated
        tell(other, HealthEvent("released"))
        await seconds_until(lambda: admitted(one))


async def test_what_was_said_just_before_the_end_is_told(url, prefix):
    async with worker(url, prefix) as one:
        tell(one, HealthEvent("isolated"))
    async with worker(url, prefix) as late:
        assert late.apply("a/m", ASKED, now()).isolated


async def test_speed_stays_with_the_worker_that_measured_it(url, prefix):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        tell(one, *[SUCCEEDED] * 3)
        await asyncio.sleep(redis_health.REFRESH * 1.5)
        assert one.apply("a/m", ASKED, now()).latencies == (0.25,) * 3
        seen = other.apply("a/m", ASKED, now())
        assert seen.latencies == ()
        assert seen.window[1] == 3


async def test_a_run_of_like_events_costs_one_call_and_counts_as_many(url, prefix, client):
    async with worker(url, prefix) as one:
        await asyncio.sleep(0.05)
        before = client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
        tell(one, *[SUCCEEDED] * 200)
        await asyncio.sleep(0.1)
        spent = client.info("commandstats")["cmdstat_evalsha"]["calls"] - before
        assert spent < 20
        assert one.apply("a/m", ASKED, now()).window[1] == 200


async def test_asking_and_starting_and_leaving_cost_no_call(url, prefix):
    async with worker(url, prefix) as one:
        tell(one, ASKED, STARTED, ABANDONED)
        assert not one._queue


async def test_a_server_that_forgot_its_scripts_is_told_again(url, prefix, client, caplog):
    async with worker(url, prefix) as one, worker(url, prefix) as other:
        client.script_flush()
        tell(one, FAILED, SUCCEEDED, FAILED, FAILED, FAILED)
        await seconds_until(lambda: not admitted(other))
        assert caplog.records == []


async def test_nothing_but_target_ids_and_numbers_is_in_redis(url, prefix, client):
    password = Sealed("hunter2")
    settings = RedisSettings(url, prefix=prefix)
    assert "hunter2" not in repr(RedisSettings(url, password=password))
    async with RedisHealth(settings, SETTINGS, ["a/m", "b/org/model:free"]) as store:
        for target in ("a/m", "b/org/model:free"):
            tell(
                store, STARTED, SUCCEEDED, FAILED, FAILED, FAILED, STARTED, HealthEvent("throttled", 1e9), target=target
            )
        await asyncio.sleep(0.2)
    keys = sorted(client.scan_iter(f"{prefix}:*"))
    assert keys == [f"{prefix}:health:{{{target}}}".encode() for target in ("a/m", "b/org/model:free")]
    assert all(re.fullmatch(rb"[-+0-9.e ]+", client.get(key)) for key in keys)
    assert all(client.pttl(key) > 0 for key in keys)


async def test_a_server_of_a_cluster_accepts_what_is_asked_of_it(tmp_path, caplog):
    """It refuses a call whose keys do not share a slot."""
    server = RedisServer(tmp_path)
    server.options = ("--port", str(server.port), "--cluster-enabled", "yes")
    with server, redis.Redis.from_url(server.url) as admin:
        admin.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        await seconds_until(lambda: admin.execute_command("CLUSTER INFO")["cluster_state"] == "ok", within=20.0)
        async with worker(server.url, targets=["a/m", "b/m"]) as one:
            tell(one, FAILED, SUCCEEDED, target="a/m")
            tell(one, FAILED, FAILED, FAILED, target="b/m")
            await asyncio.sleep(0.2)
        assert admin.dbsize() == 2
    assert caplog.records == []


# Redis slow or gone.


async def test_without_redis_each_worker_goes_on_alone_and_says_so_once(server, caplog):
    server.kill()
    async with worker(server.url) as one:
        assert not admits(tell(one, FAILED, FAILED, FAILED), now())
        await asyncio.sleep(0.8)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "health is not shared" in caplog.text
        server.start()
        await seconds_until(lambda: len(caplog.records) > 1)
        assert "health is shared again" in caplog.records[1].getMessage()
        async with worker(server.url) as other:
            tell(one, FAILED, FAILED, FAILED)
            await seconds_until(lambda: not admitted(other))
    assert len(caplog.records) == 2


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_losing_redis_costs_a_request_nothing(server, how, caplog):
    async with worker(server.url) as one:
        events = [SUCCEEDED, SUCCEEDED, FAILED, STARTED, ABANDONED]
        spent, late = [], []
        getattr(server, how)()
        until = now() + 2.0
        index = 0
        while now() < until:
            began = time.perf_counter()
            one.apply("a/m", events[index % 5], now())
            spent.append(time.perf_counter() - began)
            index += 1
            before = now()
            await asyncio.sleep(0.001)
            late.append(now() - before - 0.001)
        assert sorted(spent)[int(len(spent) * 0.99)] < 0.005
        assert sorted(late)[int(len(late) * 0.99)] < 0.05
        assert len(one._queue) <= QUEUE
        assert len(caplog.records) == 1
        server.start() if how == "kill" else server.go_on()
        await seconds_until(lambda: len(caplog.records) == 2)


async def test_what_a_person_said_while_redis_was_gone_is_told_when_it_is_back(server):
    async with worker(server.url) as one:
        server.kill()
        await seconds_until(lambda: one._reached is False)
        tell(one, HealthEvent("isolated"))
        server.start()
        async with worker(server.url) as other:
            await seconds_until(lambda: other.apply("a/m", ASKED, now()).isolated)
        assert one.apply("a/m", ASKED, now()).isolated


async def test_failures_that_a_worker_saw_while_it_was_cut_off_are_not_told(server):
    async with worker(server.url) as one:
        server.kill()
        await seconds_until(lambda: one._reached is False)
        tell(one, FAILED, FAILED, FAILED)
        assert not admitted(one)
        server.start()
        async with worker(server.url) as other:
            await seconds_until(lambda: one._reached)
            await asyncio.sleep(redis_health.REFRESH * 1.5)
            assert admitted(other)


async def test_an_answer_does_not_undo_what_happened_while_it_was_awaited(server):
    async with worker(server.url) as one:
        server.pause()
        tell(one, SUCCEEDED)
        await asyncio.sleep(0.1)
        tell(one, FAILED, FAILED, FAILED)
        server.go_on()
        until = now() + 0.4
        while now() < until:
            assert not admitted(one)
            await asyncio.sleep(0.001)


async def test_what_happened_while_an_answer_was_awaited_that_never_came_is_not_told(server):
    async with worker(server.url) as one:
        server.pause()
        tell(one, SUCCEEDED)
        await asyncio.sleep(0.1)
        tell(one, FAILED, FAILED, FAILED)
        await seconds_until(lambda: one._reached is False)
        assert one._queue == []
        server.go_on()
        await seconds_until(lambda: one._reached)


async def test_a_server_that_wants_a_password_is_one_that_is_not_there(tmp_path, caplog):
    with RedisServer(tmp_path) as server:
        with redis.Redis.from_url(server.url) as admin:
            admin.config_set("requirepass", "hunter2")
        async with worker(server.url) as one:
            tell(one, FAILED)
        assert "error=AuthenticationError" in caplog.text
        settings = RedisSettings(server.url, password=Sealed("hunter2"))
        async with RedisHealth(settings, SETTINGS, ["a/m"]) as two:
            assert two._reached
    assert "hunter2" not in caplog.text


async def test_what_a_server_refuses_is_named(server, caplog):
    with redis.Redis.from_url(server.url) as admin:
        admin.config_set("maxmemory", "1")
        async with worker(server.url) as one:
            tell(one, FAILED)
            await seconds_until(lambda: caplog.records)
    assert "error=OutOfMemoryError" in caplog.text


async def test_leaving_is_prompt_with_a_server_that_hangs(server):
    store = worker(server.url)
    await store.__aenter__()
    server.pause()
    tell(store, FAILED)
    began = now()
    await store.__aexit__(None, None, None)
    assert now() - began < 2.0
    assert [task for task in asyncio.all_tasks() if task.get_name() == "zdr-router health"] == []


async def test_the_queue_is_bounded(url, prefix):
    async with worker(url, prefix) as one:
        for index in range(3 * QUEUE):
            one.apply("a/m", (SUCCEEDED, FAILED)[index % 2], now())
        assert len(one._queue) == QUEUE


def test_outside_its_block_it_is_a_health_of_its_own():
    store = worker("redis://127.0.0.1:1/0")
    assert store.apply("b/m", ASKED, 1.0) is UNKNOWN
    for _ in range(3):
        store.apply("b/m", FAILED, 1.0)
    assert not admits(store.apply("b/m", ASKED, 1.5), 1.5)
    assert not store._queue


async def test_an_address_that_is_none_is_a_fault_of_the_configuration():
    with pytest.raises(ConfigError):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(worker("http://127.0.0.1"))


async def test_it_can_be_entered_again(url, prefix, caplog):
    caplog.set_level(logging.DEBUG, "zdr_router")
    store = worker(url, prefix)
    for _ in range(2):
        async with store:
            assert store._reached
    assert caplog.records == []


async def test_other_targets_and_settings_are_taken_while_redis_is_being_asked(url, prefix, monkeypatch, caplog):
    asking, exchanged = redis_health.run, asyncio.Event()

    async def slowly(*asked):
        answers = await asking(*asked)
        if any(call.target == "a/m" for call in asked[2]) and not exchanged.is_set():
            one.adopt(HealthSettings(consecutive_failures=1), {"b/m"})
            exchanged.set()
        return answers

    async with worker(url, prefix) as one:
        monkeypatch.setattr(redis_health, "run", slowly)
        await asyncio.wait_for(exchanged.wait(), 5)
        assert set(one._states) == {"b/m"}
        tell(one, FAILED, target="b/m")
        async with worker(url, prefix, HealthSettings(consecutive_failures=1), ("b/m",)) as two:
            await seconds_until(lambda: not admits(two.apply("b/m", ASKED, now()), now()))
        assert not one._task.done()
    assert "error" not in caplog.text
