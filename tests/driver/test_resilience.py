"""What becomes of a request whose targets fail, hang or fall silent, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import LLAMA, SAYING, local, parts, router

from zdr_router import AsyncRouter, Exhausted, InvalidRequest, Policy, RouteEntry, StreamBroken
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router import ChatStream, Metadata

WAYS = ("whole", "stream")


async def ask(open_router: AsyncRouter, way: str = "whole", model: str = "chat", **parameters: Any) -> Metadata:
    if way == "whole":
        return (await open_router.chat(model=model, messages=SAYING, **parameters)).metadata
    async with open_router.stream_chat(model=model, messages=SAYING, **parameters) as stream:
        async for _ in stream:
            pass
    return stream.metadata


def tried(metadata: Metadata) -> list[tuple[str, Outcome]]:
    return [(each.target, each.outcome) for each in metadata.attempts]


async def read_for(seconds: float, stream: ChatStream) -> None:
    until = now() + seconds
    while now() < until:
        assert await stream.next_chunk() is not None


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("way", WAYS)
async def test_a_target_that_fails_once_is_asked_again(way):
    async with up.upstreams([up.error(500)]) as servers, router(*servers, retries=2) as open_router:
        assert tried(await ask(open_router, way)) == [("a/m", Outcome.TRANSIENT), ("a/m", Outcome.OK)]


async def test_everybody_else_is_asked_before_a_target_is_asked_again():
    async with (
        up.upstreams([up.error(500)] * 2, [up.error(502)]) as servers,
        router(*servers, retries=2) as open_router,
    ):
        metadata = await ask(open_router)
    asked = [each.target for each in metadata.attempts]
    assert asked[:2] == ["a/m", "b/m"]
    assert len(asked) > 2


async def test_attempts_are_bounded_whatever_may_be_tried_again():
    async with up.upstreams([up.error(500)] * 9, [up.error(500)] * 9) as servers:
        async with router(*servers, retries=9, max_attempts=5) as open_router:
            with pytest.raises(Exhausted) as raised:
                await ask(open_router)
        assert len(raised.value.attempts) == sum(len(server.requests) for server in servers) == 5


async def test_a_single_target_that_is_busy_is_asked_again_when_it_said():
    busy = up.status(429, {"error": {}}, headers={"retry-after-ms": "400"})
    async with up.upstreams([busy]) as servers, router(*servers, retries=2) as open_router:
        began = now()
        assert tried(await ask(open_router)) == [("a/m", Outcome.RATE_LIMITED), ("a/m", Outcome.OK)]
        assert 0.39 <= now() - began < 2.0


async def test_a_rest_that_ends_after_the_deadline_is_told_to_the_caller_instead_of_being_slept_through():
    busy = up.status(429, {"error": {}}, headers={"retry-after": "30"})
    async with up.upstreams([busy]) as servers, router(*servers, retries=2, timeout="5s") as open_router:
        for requests in (1, 1):
            began = now()
            with pytest.raises(Exhausted) as raised:
                await ask(open_router)
            assert now() - began < 2.0
            assert raised.value.metadata.status == 429
            assert 25.0 < raised.value.retry_after <= 30.0
            assert len(servers[0].requests) == requests


async def test_a_pool_that_was_closed_from_the_other_side_costs_no_target_its_health():
    async with up.upstreams([up.ok()]) as servers, router(*servers) as open_router:
        await ask(open_router)
        await servers[0].drop_connections()
        await asyncio.sleep(0.1)  # until the news has arrived
        for _ in range(3):
            assert (await ask(open_router)).status == 200
        assert open_router.explain(model="chat").resting == ()


async def test_an_error_whose_body_never_ends_does_not_use_up_the_deadline():
    async def endless_error(call: up.Call) -> None:
        await call.say(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        await asyncio.sleep(30)

    async with up.upstreams([endless_error]) as servers, router(*servers, timeout="20s") as open_router:
        began = now()
        with pytest.raises(InvalidRequest):
            await ask(open_router)
        assert now() - began < 4.0


@pytest.mark.parametrize(("way", "setting"), [("whole", "attempt_timeout"), ("stream", "first_chunk_timeout")])
async def test_a_target_that_hangs_is_given_up_in_time_for_another(way, setting):
    async with up.upstreams([up.hang], []) as servers, router(*servers, **{setting: "300ms"}) as open_router:
        began = now()
        assert tried(await ask(open_router, way)) == [("a/m", Outcome.TIMEOUT), ("b/m", Outcome.OK)]
        assert 0.29 <= now() - began < 2.0


async def test_a_stream_that_begins_without_content_is_given_up_too():
    opening = up.stream_then([up.chunks(["a"])[0] | {"choices": []}], up.hang)
    async with up.upstreams([opening], []) as servers, router(*servers, first_chunk_timeout="300ms") as open_router:
        assert tried(await ask(open_router, "stream")) == [("a/m", Outcome.TIMEOUT), ("b/m", Outcome.OK)]


@pytest.mark.parametrize("way", WAYS)
async def test_a_target_that_hangs_leaves_time_for_another_also_where_nothing_is_set(way):
    async with up.upstreams([up.hang], []) as servers, router(*servers, timeout="4s") as open_router:
        assert tried(await ask(open_router, way)) == [("a/m", Outcome.TIMEOUT), ("b/m", Outcome.OK)]


async def test_a_stream_may_last_longer_than_its_first_content_was_waited_for():
    async with (
        up.upstreams([up.drip_stream]) as servers,
        router(*servers, first_chunk_timeout="400ms") as open_router,
        open_router.stream_chat(model="chat", messages=SAYING) as stream,
    ):
        began = now()
        await read_for(1.0, stream)
        assert now() - began >= 1.0


async def test_a_stream_that_falls_silent_breaks_after_the_gap_that_is_allowed():
    silent = up.stream_then(up.chunks(["a"])[:2], up.hang)
    async with up.upstreams([silent], []) as servers, router(*servers, chunk_timeout="300ms") as open_router:
        began = now()
        with pytest.raises(StreamBroken) as raised:
            await ask(open_router, "stream")
        assert 0.29 <= now() - began < 2.0
        assert tried(raised.value.metadata) == [("a/m", Outcome.TIMEOUT)]
        assert servers[1].requests == []


async def test_a_reader_who_takes_its_time_is_not_taken_for_a_silent_target():
    pieces = up.stream(up.chunks(["a", "b", "c"]))
    async with up.upstreams([pieces]) as servers, router(*servers, chunk_timeout="100ms") as open_router:
        async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
            async for _ in stream:
                await asyncio.sleep(0.25)
        assert stream.metadata.status == 200


@pytest.mark.parametrize("way", WAYS)
async def test_a_silent_target_gets_a_rival_and_the_loser_is_closed_at_its_socket(way):
    async with up.upstreams([up.hang], []) as servers, router(*servers, hedge_after="200ms") as open_router:
        began = now()
        metadata = await ask(open_router, way)
        assert 0.19 <= now() - began < 2.0
        assert sorted(tried(metadata)) == [("a/m", Outcome.CANCELLED), ("b/m", Outcome.OK)]
        assert metadata.target == "b/m"
        await asyncio.wait_for(servers[0].requests[0].gone.wait(), 0.5)


@pytest.mark.parametrize("way", WAYS)
async def test_of_two_rivals_the_first_may_win(way):
    slow = up.later(0.5, up.ok() if way == "whole" else up.stream(up.chunks(["a"])))
    async with up.upstreams([slow], [up.hang]) as servers, router(*servers, hedge_after="200ms") as open_router:
        metadata = await ask(open_router, way)
        assert metadata.target == "a/m"
        assert sorted(tried(metadata)) == [("a/m", Outcome.OK), ("b/m", Outcome.CANCELLED)]
        await asyncio.wait_for(servers[1].requests[0].gone.wait(), 0.5)


@pytest.mark.parametrize("way", WAYS)
async def test_a_caller_who_leaves_closes_both_rivals(way):
    async with up.upstreams([up.hang], [up.hang]) as servers, router(*servers, hedge_after="100ms") as open_router:
        running = asyncio.create_task(ask(open_router, way))
        for server in servers:
            await server.next_request()
        running.cancel()
        began = now()
        with pytest.raises(asyncio.CancelledError):
            await running
        for server in servers:
            await asyncio.wait_for(server.requests[0].gone.wait(), 0.5)
        assert now() - began < 0.5


async def test_a_quick_target_gets_no_rival():
    async with up.upstreams([], []) as servers, router(*servers, hedge_after="2s") as open_router:
        await ask(open_router)
        assert servers[1].requests == []


async def test_a_route_whose_only_target_was_taken_out_by_hand_is_not_called_busy():
    async with up.upstreams([]) as servers, router(*servers) as open_router:
        open_router.isolate("a/m")
        with pytest.raises(Exhausted) as raised:
            await ask(open_router)
        assert (raised.value.metadata.status, raised.value.retry_after) == (502, None)
        assert servers[0].requests == []
        open_router.restore("a/m")
        assert (await ask(open_router)).status == 200


async def test_a_rival_counts_against_the_retry_budget_of_its_target():
    scripts = [up.hang] * 30, []
    async with up.upstreams(*scripts) as servers, router(*servers, hedge_after="50ms", timeout="1s") as open_router:
        results = await asyncio.gather(*(ask(open_router) for _ in range(20)), return_exceptions=True)
        rivals = len(servers[1].requests)
        assert 1 <= rivals < 20
        assert sum(not isinstance(each, Exception) for each in results) == rivals


def with_routes(servers: list[up.Upstream], **routes: dict[str, Any]) -> AsyncRouter:
    """Accounts `a`, `b`, … and these routes, without retries."""
    made = parts(*servers)
    made["routes"] = {name: RouteEntry(**{"retries": 0, "timeout": "10s", **entry}) for name, entry in routes.items()}
    return AsyncRouter(**made)


@pytest.mark.parametrize("way", WAYS)
async def test_a_route_falls_back_to_another_once_its_own_targets_have_failed(way):
    async with up.upstreams([up.error(500)], []) as servers:
        routes = {"chat": {"targets": ["a/m"], "fallbacks": ["other"]}, "other": {"targets": ["b/large"]}}
        async with with_routes(servers, **routes) as open_router:
            metadata = await ask(open_router, way)
            assert tried(metadata) == [("a/m", Outcome.TRANSIENT), ("b/large", Outcome.OK)]
            assert (metadata.route, servers[1].requests[0].json["model"]) == ("chat", "large")


async def test_a_target_of_both_routes_is_asked_once():
    async with up.upstreams([up.error(500)], []) as servers:
        routes = {"chat": {"targets": ["a/m"], "fallbacks": ["other"]}, "other": {"targets": ["a/m", "b/m"]}}
        async with with_routes(servers, **routes) as open_router:
            assert [target for target, _ in tried(await ask(open_router))] == ["a/m", "b/m"]


async def test_a_request_that_wants_no_fallback_gets_none():
    async with up.upstreams([up.error(500)], []) as servers:
        routes = {"chat": {"targets": ["a/m"], "fallbacks": ["other"]}, "other": {"targets": ["b/m"]}}
        async with with_routes(servers, **routes) as open_router:
            with pytest.raises(Exhausted):
                await ask(open_router, provider={"allow_fallbacks": False})
            assert servers[1].requests == []


@pytest.mark.parametrize("code", ["content_filter", "invalid_request_error"])
async def test_another_route_is_no_way_around_a_no(code):
    async with up.upstreams([up.error(400, code=code)], []) as servers:
        routes = {"chat": {"targets": ["a/m"], "fallbacks": ["other"]}, "other": {"targets": ["b/m"]}}
        async with with_routes(servers, **routes) as open_router:
            with pytest.raises(InvalidRequest):
                await ask(open_router)
            assert servers[1].requests == []


async def test_a_route_for_long_requests_is_used_for_those_alone():
    too_long = up.error(400, code="context_length_exceeded")
    async with up.upstreams([up.error(500), too_long], []) as servers:
        routes = {"chat": {"targets": ["a/m"], "larger_context": ["long"]}, "long": {"targets": ["b/m"]}}
        async with with_routes(servers, **routes) as open_router:
            with pytest.raises(Exhausted):
                await ask(open_router)
            assert servers[1].requests == []
            assert tried(await ask(open_router)) == [("a/m", Outcome.CONTEXT_TOO_LONG), ("b/m", Outcome.OK)]


async def test_a_target_at_its_limit_is_waited_for_when_there_is_no_other():
    release = asyncio.Event()
    async with up.upstreams([up.when(release, up.ok())]) as servers:
        made = parts(*servers)
        made["accounts"] = {"a": local(servers[0].url, limits={"concurrency": 1})}
        async with AsyncRouter(**made) as open_router:
            first, second = (asyncio.create_task(ask(open_router)) for _ in range(2))
            await servers[0].next_request()
            await asyncio.sleep(0.2)
            assert len(servers[0].requests) == 1
            release.set()
            assert [(await each).status for each in (first, second)] == [200, 200]


@pytest.mark.parametrize("setting", [None, "finish"])
async def test_a_stream_from_a_target_that_is_revoked_is_cut_or_finished_as_policy_says(setting):
    async with up.upstreams([up.drip_stream]) as servers:
        made = parts(*servers)
        made["policy"] = Policy(minimum_grade="contracted", cache="host_memory", on_revocation=setting)
        async with (
            AsyncRouter(**made) as open_router,
            open_router.stream_chat(model="chat", messages=SAYING) as stream,
        ):
            await stream.next_chunk()
            open_router.trust.revoke(f"configuration:{LLAMA}", "the provider changed its terms")
            began = now()
            if setting == "finish":
                await read_for(1.0, stream)
                return
            with pytest.raises(StreamBroken) as raised:
                await read_for(5.0, stream)
            assert now() - began < 1.0
            assert tried(raised.value.metadata) == [("a/m", Outcome.UNCLEARED)]
            await asyncio.wait_for(servers[0].requests[0].gone.wait(), 0.5)


async def test_a_revocation_of_something_else_cuts_no_stream():
    async with (
        up.upstreams([up.drip_stream]) as servers,
        router(*servers) as open_router,
        open_router.stream_chat(model="chat", messages=SAYING) as stream,
    ):
        await stream.next_chunk()
        open_router.trust.revoke("account:other", "lost")
        await read_for(1.0, stream)
