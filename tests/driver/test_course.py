"""What requests do to the health of their targets, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import SAYING, router

from zdr_router import RouterError
from zdr_router.routing.health import HealthEvent

if TYPE_CHECKING:
    from zdr_router import AsyncRouter


def health(open_router: AsyncRouter, target: str = "a/m") -> Any:
    return open_router._service.engine._stores.health.apply(target, HealthEvent("asked"), 0.0)


async def chat(open_router: AsyncRouter) -> str | None:
    """Who answered."""
    try:
        return (await open_router.chat(model="chat", messages=SAYING)).metadata.target
    except RouterError:
        return None


async def test_a_target_that_keeps_failing_is_held_back():
    async with up.upstreams([up.error(500)] * 5, []) as servers, router(*servers) as open_router:
        for _ in range(7):
            assert await chat(open_router) == "b/m"
        assert [len(server.requests) for server in servers] == [5, 7]
        assert open_router.explain(model="chat").resting == ("a/m",)


async def test_when_every_target_is_held_back_one_is_tried_all_the_same():
    async with up.upstreams([up.error(500)] * 5) as servers, router(*servers) as open_router:
        for _ in range(5):
            assert await chat(open_router) is None
        assert await chat(open_router) == "a/m"
        assert health(open_router).failures == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_a_target_that_asks_to_be_left_alone_is(status):
    busy = up.status(status, {"error": {}}, headers={"retry-after": "20"})
    async with up.upstreams([busy], []) as servers, router(*servers) as open_router:
        for _ in range(3):
            assert await chat(open_router) == "b/m"
        assert len(servers[0].requests) == 1
        rest = health(open_router).not_before - asyncio.get_running_loop().time()
        assert 15.0 < rest <= 20.0


async def test_a_target_that_is_busy_without_saying_for_how_long_rests_shortly():
    async with up.upstreams([up.error(429)], []) as servers, router(*servers) as open_router:
        assert await chat(open_router) == "b/m"
        rest = health(open_router).not_before - asyncio.get_running_loop().time()
        assert 0.0 < rest <= 1.0


async def test_a_caller_cannot_hold_back_a_target_for_others():
    refusing = up.status(400, {"error": {}}, headers={"retry-after": "300"})
    async with up.upstreams(refusing, []) as servers, router(*servers) as open_router:
        for _ in range(6):
            assert await chat(open_router) is None
        assert open_router.explain(model="chat").resting == ()
        assert health(open_router)._replace(measuring_until=0.0) == health(open_router, "b/m")


async def test_latency_is_measured_to_the_first_content():
    async def slow_to_end(call):
        await up.stream_then(up.chunks(["a"]), lambda _call: asyncio.sleep(0.4))(call)
        await call.finish()

    async with up.upstreams([slow_to_end]) as servers, router(*servers) as open_router:
        async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
            _ = [chunk async for chunk in stream]
        assert 0.0 < health(open_router).latency < 0.35


async def test_one_probe_runs_at_a_time():
    release = asyncio.Event()
    async with up.upstreams([up.error(500)] * 5, []) as servers, router(*servers) as open_router:
        for _ in range(5):
            await chat(open_router)
        # The ejection of `a` is over.
        store = open_router._service.health
        store._states["a/m"] = health(open_router)._replace(ejected_until=0.001)
        servers[0].then(up.when(release, up.ok()))
        running = [asyncio.create_task(chat(open_router)) for _ in range(10)]
        await asyncio.wait(running[1:], timeout=5)
        assert len(servers[0].requests) == 6
        release.set()
        assert sorted(await asyncio.gather(*running)) == ["a/m", *["b/m"] * 9]
