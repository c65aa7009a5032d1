"""Bugs that users of other routers have reported in public: each one is a test here, with its thread."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import json
import subprocess
import sys
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import SAYING, configuration, one_authority, parts, registry, router
from upstream import Upstream

from zdr_router import (
    Account,
    AsyncRouter,
    Exhausted,
    InvalidRequest,
    Policy,
    Refused,
    RouteEntry,
    RouterError,
    StreamBroken,
    Tenant,
)
from zdr_router.config import assemble
from zdr_router.entries import HealthEntry, ProbeEntry
from zdr_router.metadata import Outcome
from zdr_router.routing.settings import HealthSettings, ProbeSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WAIT_FOR_NOBODY = {"retries": 0}
CUT = up.stream_then(up.chunks(["half of "], finish=None), up.Call.finish)
REFUSAL = {"code": "content_policy_violation"}


async def told(open_router: AsyncRouter, *, stream: bool, **parameters: Any) -> tuple[str, RouterError | None]:
    """What a caller reads, and the error that ends it."""
    asked = {"model": "chat", "messages": SAYING, **parameters}
    read = ""
    try:
        if not stream:
            return (await open_router.chat(**asked)).text, None
        async with open_router.stream_chat(**asked) as chunks:
            async for chunk in chunks:
                read += "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    except RouterError as error:
        return read, error
    return read, None


def either_way(test: Any) -> Any:
    return pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])(test)


def with_fallback(*servers: Upstream, **route: Any) -> AsyncRouter:
    """The route `chat` over the first server, and after it the route `other` over the rest."""
    made = parts(*servers)
    first, *rest = (f"{name}/m" for name in made["accounts"])
    made["routes"] = {
        "chat": RouteEntry(targets=[first], fallbacks=["other"], **{"timeout": "5s", **route}),
        "other": RouteEntry(targets=rest),
    }
    return AsyncRouter(**made)


# 32. Streams that break half-way.


async def test_fallbacks_that_are_switched_off_stay_off_when_a_stream_breaks():
    """https://github.com/BerriAI/litellm/issues/19077: `disable_fallbacks` was not looked at in mid-stream."""
    async with up.upstreams(CUT, []) as servers, with_fallback(*servers) as open_router:
        read, error = await told(open_router, stream=True, provider={"allow_fallbacks": False})
        assert isinstance(error, StreamBroken)
        assert read == "half of "
        assert servers[1].connections == 0


@either_way
async def test_fallbacks_that_are_switched_off_stay_off_before_the_first_content(stream):
    """The same, where the failure comes early: https://github.com/BerriAI/litellm/issues/19077."""
    async with up.upstreams(up.error(500), []) as servers, with_fallback(*servers) as open_router:
        _, error = await told(open_router, stream=stream, provider={"allow_fallbacks": False})
        assert isinstance(error, Exhausted)
        assert servers[1].connections == 0


@either_way
async def test_fallbacks_that_are_switched_off_stay_off_for_a_request_that_is_too_long(stream):
    """The same for the third kind of fallback: https://github.com/BerriAI/litellm/issues/19077."""
    too_long = up.error(400, code="context_length_exceeded")
    async with up.upstreams(too_long, []) as servers:
        made = parts(*servers)
        made["routes"] = {
            "chat": RouteEntry(targets=["a/m"], larger_context=["large"]),
            "large": RouteEntry(targets=["b/m"]),
        }
        async with AsyncRouter(**made) as open_router:
            _, error = await told(open_router, stream=stream, provider={"allow_fallbacks": False})
            assert isinstance(error, InvalidRequest)
            assert servers[1].connections == 0
            assert await told(open_router, stream=stream) == ("ok", None)  # it was a fallback


async def test_a_stream_that_begins_with_an_error_is_answered_elsewhere():
    """https://github.com/BerriAI/litellm/issues/6957: an overload told in the stream itself had no fallback."""
    overloaded = up.stream([{"error": {"type": "overloaded_error", "message": "overloaded"}}])
    async with up.upstreams(overloaded, []) as servers, with_fallback(*servers) as open_router:
        assert await told(open_router, stream=True) == ("ok", None)


async def test_a_stream_that_ends_before_its_first_content_is_answered_elsewhere():
    """https://github.com/BerriAI/litellm/issues/40404: the fallback got no request after an abnormal end."""
    for behaviour in (
        up.stream([], done=False),
        up.stream_then(up.chunks([], finish=None), up.reset_before_head),
        up.stream_then([], lambda call: call.chunk(b"data: {\n\n")),
    ):
        async with up.upstreams(behaviour, []) as servers, with_fallback(*servers) as open_router:
            assert await told(open_router, stream=True) == ("ok", None)


async def test_what_was_read_is_not_sent_again_from_elsewhere():
    """https://github.com/BerriAI/litellm/issues/32835 and https://github.com/NuGuardAI/nuguard/issues/455: after a
    break in mid-stream the caller read the beginning twice.
    """
    async with up.upstreams(CUT, []) as servers, with_fallback(*servers) as open_router:
        read, error = await told(open_router, stream=True)
        assert (read, type(error)) == ("half of ", StreamBroken)
        assert [len(server.requests) for server in servers] == [1, 0]


async def test_no_target_is_asked_to_go_on_where_another_stopped():
    """https://github.com/BerriAI/litellm/issues/27967, pull request 36267: the next model was sent the half as a
    prefill, which some refuse.
    """
    empty = up.stream(up.chunks([""], finish=None), done=False)
    async with up.upstreams(empty, []) as servers, with_fallback(*servers, **WAIT_FOR_NOBODY) as open_router:
        assert await told(open_router, stream=True) == ("ok", None)
        for server in servers:
            for arrived in server.requests:
                assert arrived.json["messages"] == list(SAYING)


# 33. Filters that hold for the first target and are forgotten for the next.


def two_regions(eu: Upstream, us: Upstream, **members: Any) -> AsyncRouter:
    """`chat` over a target in the EU, with a fallback to one in the US."""
    both = [configuration("acme/eu", [eu.url], regions=["eu"]), configuration("other/us", [us.url], regions=["us"])]
    return AsyncRouter(
        registry=registry(*both),
        transport=one_authority(),
        accounts={name: Account(configuration=each.id, base_url=each.hosts[0]) for name, each in zip("ab", both)},  # noqa: B905
        routes={
            "chat": RouteEntry(targets=["a/m"], fallbacks=["other"], retries=0),
            "other": RouteEntry(targets=["b/m"]),
        },
        **{"policy": Policy(minimum_grade="documented"), **members},
    )


NARROWED: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "only this provider": ({}, {"provider": {"only": ["acme"]}}),
    "not that provider": ({}, {"provider": {"ignore": ["other"]}}),
    "only this target": ({}, {"provider": {"only": ["a/m"]}}),
    "the host's regions": ({"policy": Policy(minimum_grade="documented", regions=["eu"])}, {}),
    "the call's regions": ({}, {"policy": Policy(regions=["eu"])}),
    "the tenant's regions": ({"tenants": {"north": Tenant(policy=Policy(regions=["eu"]))}}, {"tenant": "north"}),
    "another tenant's account": (
        {"tenants": {"north": Tenant(), "south": Tenant(accounts=["b"])}},
        {"tenant": "north"},
    ),
}


@either_way
@pytest.mark.parametrize("how", NARROWED)
async def test_what_narrows_a_request_narrows_its_fallbacks_too(how, stream):
    """https://github.com/BerriAI/litellm/issues/6400, 12383 and 19418, pull request 36193: tags for region or customer
    did not hold for default and fallback deployments.
    """
    members, asked = NARROWED[how]
    async with up.upstreams(up.error(500), []) as (eu, us), two_regions(eu, us, **members) as open_router:
        _, error = await told(open_router, stream=stream, **asked)
        assert isinstance(error, Exhausted)
        assert {each.target for each in error.attempts} == {"a/m"}
        assert us.connections == 0


@pytest.mark.parametrize("how", NARROWED)
async def test_what_nobody_can_meet_falls_back_to_nobody(how):
    """https://github.com/BerriAI/litellm/issues/12383: where no deployment had the tag, a default one was taken."""
    members, asked = NARROWED[how]
    unmet = {"policy": Policy(regions=["jp"])}
    async with up.upstreams([], []) as servers, two_regions(*servers, **members) as open_router:
        _, error = await told(open_router, stream=False, **{**asked, **unmet})
        assert isinstance(error, Refused)
        assert [server.connections for server in servers] == [0, 0]


@either_way
async def test_nothing_of_one_attempt_gets_into_the_next(stream):
    """https://github.com/BerriAI/litellm/issues/25276: a tag that named the first credential went to the fallback."""
    asked = {"temperature": 0.5, "max_tokens": 3, "seed": 7}
    async with up.upstreams(up.error(500), []) as servers, with_fallback(*servers) as open_router:
        assert await told(open_router, stream=stream, **asked) == ("ok", None)
        bodies = [{**arrived.json, "model": ""} for server in servers for arrived in server.requests]
        assert all(body == bodies[0] for body in bodies)
        heads = [
            {name: value for name, value in arrived.headers.items() if name != "host"}
            for server in servers
            for arrived in server.requests
        ]
        assert all(head == heads[0] for head in heads)


# 34. A refusal is an answer.


@either_way
@pytest.mark.parametrize(
    "refusal",
    [up.error(400, **REFUSAL), up.error(403, **REFUSAL), up.error(500, **REFUSAL), up.says({"error": REFUSAL})],
    ids=["400", "403", "500", "in a 200"],
)
async def test_nothing_routes_around_a_refusal_under_content_rules(refusal, stream):
    """https://github.com/BerriAI/litellm/issues/40406: a fallback that was meant for outages was a way around one."""
    async with up.upstreams(refusal, []) as servers, with_fallback(*servers) as open_router:
        _, error = await told(open_router, stream=stream)
        assert isinstance(error, InvalidRequest)
        assert [each.outcome for each in error.metadata.attempts] == [Outcome.PROVIDER_REFUSAL]
        assert [len(server.requests) for server in servers] == [1, 0]


# 35. Cooldowns.


def limited(seconds: float) -> up.Behaviour:
    return up.status(429, headers={"retry-after-ms": str(int(seconds * 1000))})


async def test_a_longer_rest_that_is_asked_for_later_counts():
    """https://github.com/BerriAI/litellm/issues/40130: a target that was resting kept its first, shorter rest."""
    behaviours = [up.later(0.05, limited(0.2)), up.later(0.15, limited(30))]
    async with up.upstreams(behaviours, []) as servers, router(*servers, **WAIT_FOR_NOBODY) as open_router:
        await asyncio.gather(*(told(open_router, stream=False) for _ in range(2)))
        await asyncio.sleep(0.3)
        assert open_router.explain(model="chat").resting == ("a/m",)


async def test_a_shorter_rest_that_is_asked_for_later_does_not_count():
    """The other way round: https://github.com/BerriAI/litellm/issues/40130."""
    behaviours = [up.later(0.05, limited(30)), up.later(0.15, limited(0.05))]
    async with up.upstreams(behaviours, []) as servers, router(*servers, **WAIT_FOR_NOBODY) as open_router:
        await asyncio.gather(*(told(open_router, stream=False) for _ in range(2)))
        await asyncio.sleep(0.3)
        assert open_router.explain(model="chat").resting == ("a/m",)


@either_way
@pytest.mark.parametrize("code", [400, 413, 422])
async def test_a_caller_who_errs_gives_no_target_a_rest(code, stream):
    """https://github.com/BerriAI/litellm/pull/34416: what a 4xx counts for. A caller takes no target from others."""
    async with Upstream(otherwise=up.error(code)) as server, router(server) as open_router:
        for _ in range(30):
            _, error = await told(open_router, stream=stream)
            assert isinstance(error, InvalidRequest)
        assert open_router.explain(model="chat").resting == ()


async def test_where_every_target_rests_one_is_tried_all_the_same():
    """https://github.com/BerriAI/litellm/issues/3646: with all of them cooling down, requests failed untried."""
    failing = [up.error(500)] * 40
    async with up.upstreams(failing, failing) as servers, router(*servers, **WAIT_FOR_NOBODY) as open_router:
        for _ in range(12):
            await told(open_router, stream=False)
        for server in servers:
            server._script.clear()
        assert await told(open_router, stream=False) == ("ok", None)


async def test_the_only_target_of_a_route_is_not_taken_from_it():
    """https://github.com/BerriAI/litellm/pull/5673 and 7823: a group of one was cooled down, and so was gone."""
    async with Upstream(*[up.error(500)] * 20) as server, router(server, **WAIT_FOR_NOBODY) as open_router:
        for _ in range(20):
            await told(open_router, stream=False)
        assert await told(open_router, stream=False) == ("ok", None)


async def test_a_rest_is_as_long_as_the_provider_asks():
    """https://github.com/BerriAI/litellm/issues/3617: the time in the answer was known, and another one was used."""
    async with up.upstreams([limited(0.3)], []) as servers, router(*servers, **WAIT_FOR_NOBODY) as open_router:
        await told(open_router, stream=False)
        assert open_router.explain(model="chat").resting == ("a/m",)
        await asyncio.sleep(0.35)
        assert open_router.explain(model="chat").resting == ()


# 36. Half an answer, and what a status says.


@pytest.mark.parametrize(
    "end",
    [up.Call.finish, up.reset_before_head, lambda call: call.chunk(b"data: [DONE]\n\n")],
    ids=["orderly", "reset", "done without a finish reason"],
)
async def test_half_an_answer_never_ends_well(end):
    """https://github.com/Portkey-AI/gateway/issues/1797: what the upstream cut was a clean 200 to the client."""

    async def cut(call: up.Call) -> None:
        await end(call)
        call.hang_up()

    broken = up.stream_then(up.chunks(["half of "], finish=None), cut)
    kept: list[Any] = []

    class Recorder:
        def record(self, metadata):
            kept.append(metadata)

    async with Upstream(broken) as server, router(server, recorders=[Recorder()], **WAIT_FOR_NOBODY) as open_router:
        read, error = await told(open_router, stream=True)
    assert (read, type(error)) == ("half of ", StreamBroken)
    assert [each.status for each in kept] == [502]


@either_way
@pytest.mark.parametrize(
    ("code", "text", "moves_on"),
    [
        (400, "rate limit exceeded, try again", False),
        (422, "server overloaded", False),
        (429, "invalid request", True),
        (500, "bad request", True),
        (503, "your prompt was refused", True),
        (529, "not found", True),
    ],
)
async def test_the_status_decides_and_never_the_text(code, text, moves_on, stream):
    """https://github.com/Portkey-AI/gateway/issues/165 and 1239: which status falls back is a setting there."""
    async with up.upstreams(up.error(code, message=text), []) as servers:
        async with router(*servers, **WAIT_FOR_NOBODY) as open_router:
            read, _ = await told(open_router, stream=stream)
        assert (read == "ok", bool(servers[1].requests)) == (moves_on, moves_on)


# 37. Bounded, and safe to replay.


@either_way
async def test_the_number_of_attempts_is_bounded_over_all_routes(stream):
    """https://github.com/elixir-vibe/llm_proxy/issues/4: a fallback without a budget may be billed many times."""
    async with up.upstreams(*[up.error(503)] * 4) as servers:
        async with with_fallback(*servers, max_attempts=3, retries=5) as open_router:
            _, error = await told(open_router, stream=stream)
        assert len(error.attempts) == sum(len(server.requests) for server in servers) == 3


async def test_the_record_tells_whether_a_request_may_have_arrived():
    """https://github.com/elixir-vibe/llm_proxy/issues/4: what arrived may be billed, what was not sent is not."""
    async with Upstream(up.reset_after_head) as server:
        made = router("http://127.0.0.1:9/v1", server, **WAIT_FOR_NOBODY)
        async with made as open_router:
            _, error = await told(open_router, stream=False)
    assert {(each.target, each.sent) for each in error.attempts} == {("a/m", "no"), ("b/m", "maybe")}


# 38. Retries that multiply.


@either_way
@pytest.mark.parametrize(
    "failing",
    [up.error(500), up.error(503), up.error(429), up.reset_before_head, up.cut_body],
    ids=["500", "503", "429", "reset", "cut"],
)
async def test_nothing_underneath_retries(failing, stream):
    """https://github.com/FalkorDB/QueryWeaver/pull/714 and https://github.com/dgtlmoon/changedetection.io/issues/4384:
    the client's retries times the router's were 9 to 12 requests. Here each that arrives is one in the record.
    """
    async with Upstream(up.ok(), otherwise=failing) as server, router(server, timeout="3s") as open_router:
        await told(open_router, stream=False)  # what comes next uses its connection again
        _, error = await told(open_router, stream=stream)
        assert len(error.attempts) == len(server.requests) - 1 <= 6
        assert {each.sent for each in error.attempts} == {"maybe"}


@either_way
async def test_retries_fallbacks_and_hedges_share_one_bound(stream):
    """https://github.com/FalkorDB/QueryWeaver/pull/714: each layer counted for itself."""
    async with up.upstreams(*[up.later(0.05, up.error(503))] * 3) as servers:
        async with with_fallback(*servers, max_attempts=4, retries=3, hedge_after="20ms") as open_router:
            _, error = await told(open_router, stream=stream)
        assert sum(len(server.requests) for server in servers) == len(error.attempts) <= 4


# 39. Memory that grows with every request.


async def alive(open_router: AsyncRouter, asks: Sequence[dict[str, Any]], rounds: int) -> int:
    """How many objects there are after that many rounds of requests."""
    for _ in range(rounds):
        for ask in asks:
            await told(open_router, **ask)
    gc.collect()
    # The event loop sweeps timers that were cancelled only when there are a hundred of them.
    return sum(not isinstance(each, (asyncio.TimerHandle, Context)) for each in gc.get_objects())


async def growth() -> int:
    """How many objects more there are after another thousand requests."""
    asks = [
        {"stream": False},
        {"stream": True},
        {"stream": False, "temperature": "no"},
        {"stream": True, "store": True},
    ]
    behaviours = [up.ok(), up.ok(), up.error(500), CUT]
    turn = iter(range(1 << 30))

    async def in_turn(call: up.Call) -> None:
        server.requests.clear()  # what arrived is the upstream's memory, not the router's
        await behaviours[next(turn) % len(behaviours)](call)

    server = Upstream(otherwise=in_turn)
    async with server, router(server, **WAIT_FOR_NOBODY) as open_router:
        before = await alive(open_router, asks, 50)
        after = await alive(open_router, asks, 250)
    return after - before


def test_a_thousand_requests_leave_nothing_behind():
    """https://github.com/BerriAI/litellm/issues/12685, 6404 and 38193: memory grew until there was none."""
    # In a process of its own: in this one, other tests' threads and caches come and go.
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    code += "import asyncio, test_known_bugs\nprint(asyncio.run(test_known_bugs.growth()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert int(ran.stdout) < 100  # less than one object in ten requests


def test_the_record_of_a_failing_request_does_not_grow_with_the_request():
    """https://github.com/BerriAI/litellm/pull/40640: failed requests kept the bodies of the models tried before."""

    async def record(content: str) -> int:
        kept: list[Any] = []

        class Recorder:
            def record(self, metadata):
                kept.append(metadata)

        messages = [{"role": "user", "content": content}]
        async with (
            up.upstreams(up.error(500), up.error(503)) as servers,
            router(*servers, recorders=[Recorder()]) as made,
        ):
            await told(made, stream=False, messages=messages)
        plain = kept[0].as_dict()
        return len(json.dumps({**plain, "attempts": [each["outcome"] for each in plain["attempts"]], "time": 0}))

    sizes = [asyncio.run(record("x" * length)) for length in (1, 100_000)]
    assert abs(sizes[1] - sizes[0]) < 20


# 40. Health checks that cost money, fail on their own account, or check nothing.


def probed(server: Upstream, by: str) -> AsyncRouter:
    """A router that looks at its only target all the time, and that nobody asks anything."""
    deployment = assemble(**parts(server))
    settings = HealthSettings(consecutive_failures=1, eject_for=30.0)
    return AsyncRouter.of(dataclasses.replace(deployment, probe=ProbeSettings(0.1, by), health=settings))


def test_nobody_is_probed_unless_it_is_asked_for_and_then_without_a_bill():
    """https://github.com/BerriAI/litellm/issues/7000: health checks were real requests, and were billed."""
    assert HealthEntry().probe is None
    assert ProbeEntry().by == "connect"


async def test_a_probe_that_connects_says_nothing_at_all():
    """https://github.com/BerriAI/litellm/issues/7000, the same on the wire."""
    async with Upstream() as server, probed(server, "connect"):
        await asyncio.sleep(1.0)
        assert server.connections > 1
        assert server.requests == []


async def test_a_billed_probe_asks_for_more_tokens_than_a_model_needs_to_think():
    """https://github.com/BerriAI/litellm/issues/26987: `max_tokens: 1` fails on models that reason."""
    stopped = up.ok("", finish="length")
    async with Upstream(otherwise=stopped) as server, probed(server, "completion") as open_router:
        await server.next_request()
        await asyncio.sleep(0.3)
        assert server.requests[0].json["max_tokens"] >= 16
        assert open_router.explain(model="chat").resting == ()


async def test_a_billed_probe_looks_at_what_it_paid_for():
    """Reported of a benchmark's proxy: the probe took any 200 for a sign of health, an error page as well."""
    async with (
        up.upstreams([]) as (sound,),
        Upstream(otherwise=up.says({"busy": True})) as server,
    ):
        deployment = assemble(**parts(server, sound))
        settings = HealthSettings(consecutive_failures=1, eject_for=30.0)
        made = dataclasses.replace(deployment, probe=ProbeSettings(0.1, "completion"), health=settings)
        async with AsyncRouter.of(made) as open_router:
            await server.next_request()
            await asyncio.sleep(0.3)
            assert open_router.explain(model="chat").resting == ("a/m",)
