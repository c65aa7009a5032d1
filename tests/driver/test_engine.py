"""Whole answers: deadlines, cancellation, and that every request is recorded once, whatever becomes of it."""

from __future__ import annotations

import asyncio
import math

import pytest
import upstream as up
from deployments import SAYING, router
from upstream import Upstream

from zdr_router import AsyncRouter, Exhausted, InvalidRequest, Metadata, Refused, StreamBroken
from zdr_router.metadata import ErrorCode, Outcome, Signal

PROMPTLY = 0.1


class Kept:
    def __init__(self) -> None:
        self.all: list[Metadata] = []

    def record(self, metadata: Metadata) -> None:
        self.all.append(metadata)


def chat(open_router: AsyncRouter, **parameters):
    return open_router.chat(model="chat", messages=SAYING, **parameters)


SLOW = {
    "no head": up.hang,
    "no body": up.hang_after_head,
    "slow drip": up.drip(0.01),
    "slow drip of an error": up.later(0.05, up.drip(0.01)),
}


@pytest.mark.parametrize("how", SLOW)
async def test_the_deadline_is_honoured_however_slow_a_target_is(how):
    async with Upstream(SLOW[how]) as server, router(server, timeout="300ms") as open_router:
        began = asyncio.get_running_loop().time()
        with pytest.raises(Exhausted) as raised:
            await chat(open_router)
        assert 0.25 < asyncio.get_running_loop().time() - began < 3.0
        await asyncio.wait_for(server.requests[0].gone.wait(), 5)
    metadata = raised.value.metadata
    assert (metadata.status, metadata.error_code) == (504, ErrorCode.DEADLINE)
    assert [each.outcome for each in metadata.attempts] == [Outcome.TIMEOUT]


async def test_one_deadline_covers_all_attempts():
    scripts = [up.later(0.2, up.error(500))] * 6
    async with up.upstreams(*scripts) as servers, router(*servers, timeout="500ms") as open_router:
        began = asyncio.get_running_loop().time()
        with pytest.raises(Exhausted) as raised:
            await chat(open_router)
        assert asyncio.get_running_loop().time() - began < 3.0
        assert len(raised.value.attempts) < 6
    assert raised.value.metadata.error_code is ErrorCode.DEADLINE


async def test_a_call_can_shorten_the_timeout():
    async with Upstream(up.hang) as server, router(server, timeout="30s") as open_router:
        began = asyncio.get_running_loop().time()
        with pytest.raises(Exhausted):
            await chat(open_router, timeout=0.2)
        assert asyncio.get_running_loop().time() - began < 3.0


@pytest.mark.parametrize("seconds", [3600.0, math.inf, math.nan])
async def test_a_call_cannot_lengthen_the_timeout(seconds):
    async with Upstream(up.hang) as server, router(server, timeout="200ms") as open_router:
        began = asyncio.get_running_loop().time()
        with pytest.raises(Exhausted):
            await asyncio.wait_for(chat(open_router, timeout=seconds), 5)
        assert asyncio.get_running_loop().time() - began < 3.0


@pytest.mark.parametrize("seconds", [0.0, -1.0])
async def test_a_timeout_that_has_passed_sends_nothing(seconds):
    async with Upstream() as server, router(server) as open_router:
        with pytest.raises(Exhausted) as raised:
            await chat(open_router, timeout=seconds)
        assert server.connections == 0
    assert (raised.value.metadata.error_code, raised.value.attempts) == (ErrorCode.DEADLINE, ())


async def test_a_retry_after_is_never_slept_through():
    busy = up.status(429, {"error": {}}, headers={"retry-after": "20"})
    async with up.upstreams([busy], []) as servers, router(*servers) as open_router:
        began = asyncio.get_running_loop().time()
        assert (await chat(open_router)).metadata.target == "b/m"
        assert asyncio.get_running_loop().time() - began < 3.0


@pytest.mark.parametrize("behaviour", [up.hang, up.hang_after_head, up.drip(0.005)], ids=["head", "body", "reading"])
async def test_a_caller_that_goes_away_closes_the_upstream_at_once(behaviour):
    kept = Kept()
    async with Upstream(behaviour) as server, router(server, recorders=[kept]) as open_router:
        running = asyncio.create_task(chat(open_router))
        arrived = await server.next_request()
        await asyncio.sleep(0.05)
        running.cancel()
        cancelled = asyncio.get_running_loop().time()
        async with up.Pulse() as pulse:
            with pytest.raises(asyncio.CancelledError):
                await running
            await asyncio.wait_for(arrived.gone.wait(), 5)
        assert arrived.gone_at - cancelled < PROMPTLY + pulse.worst
    (metadata,) = kept.all
    assert (metadata.status, metadata.error_code) == (499, ErrorCode.CANCELLED)
    assert [(each.target, each.outcome) for each in metadata.attempts] == [("a/m", Outcome.CANCELLED)]


async def test_a_caller_that_goes_away_does_not_hurt_the_target():
    async with up.upstreams(up.hang, []) as servers, router(*servers) as open_router:
        for _ in range(6):
            running = asyncio.create_task(chat(open_router))
            await servers[0].next_request()
            running.cancel()
            await asyncio.wait([running])
        assert open_router.explain(model="chat").resting == ()
        assert len(servers[0].requests) == 6


async def test_requests_run_side_by_side():
    kept = Kept()
    async with Upstream(otherwise=up.later(0.1, up.ok())) as server, router(server, recorders=[kept]) as open_router:
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(chat(open_router) for _ in range(50)))
        assert asyncio.get_running_loop().time() - began < 4.0
    assert {answer.text for answer in answers} == {"ok"}
    assert len({answer.metadata.request_id for answer in answers}) == 50
    assert {each.request_id for each in kept.all} == {answer.metadata.request_id for answer in answers}


async def test_every_request_is_recorded_once():
    kept = Kept()
    async with (
        Upstream(up.ok(), up.error(400), up.error(500)) as server,
        router(server, recorders=[kept]) as open_router,
    ):
        await chat(open_router)
        for error, parameters in (
            (InvalidRequest, {}),
            (Exhausted, {}),
            (Refused, {"store": True}),
            (InvalidRequest, {"n": "three"}),
            (InvalidRequest, {"customer": "not an identifier"}),
            (InvalidRequest, {"key": "not an identifier"}),
            (InvalidRequest, {"tenant": "nobody"}),
        ):
            with pytest.raises(error) as raised:
                await chat(open_router, **parameters)
            assert kept.all[-1] == raised.value.metadata
        with pytest.raises(InvalidRequest):
            await open_router.chat(model="none", messages=SAYING)
    assert [each.status for each in kept.all] == [200, 400, 502, 403, 400, 400, 400, 400, 404]
    assert [each.error_code for each in kept.all] == [None, "invalid_request", "exhausted", "zdr_refused",
                                                      *["invalid_request"] * 5]  # fmt: skip
    assert all(each.policy_digest and each.registry_digest for each in kept.all)


async def test_what_a_host_knows_of_a_request_is_recorded():
    known = {"customer": "c-1", "key": "k-1", "signals": (Signal.SPIKE_OF_REQUESTS,)}
    async with Upstream() as server, router(server) as open_router:
        answer = await chat(open_router, **known)
        with pytest.raises(Refused) as raised:
            await chat(open_router, **known, store=True)
        async with open_router.stream_chat(model="chat", messages=SAYING, **known) as stream:
            _ = [chunk async for chunk in stream]
    for metadata in (answer.metadata, raised.value.metadata, stream.metadata):
        assert {name: getattr(metadata, name) for name in known} == known


async def test_what_a_host_answers_by_itself_is_recorded():
    kept = Kept()
    async with Upstream() as server, router(server, recorders=[kept]) as open_router:
        metadata = open_router.turned_away(
            "embeddings",
            401,
            ErrorCode.INVALID_KEY,
            duration_ms=1.5,
            tenant="nobody",
            key="no identifier",
            signals=(Signal.UNKNOWN_KEY,),
        )
    assert kept.all == [metadata]
    assert (metadata.status, metadata.error_code) == (401, "invalid_key")
    assert (metadata.endpoint, metadata.duration_ms, metadata.signals) == ("embeddings", 1.5, ("unknown_key",))
    assert (metadata.route, metadata.tenant, metadata.key, metadata.attempts) == ("unknown", "unknown", None, ())
    assert metadata.policy_digest
    assert metadata.registry_digest


async def test_a_refusal_has_metadata_as_full_as_a_success():
    async with Upstream() as server, router(server) as open_router:
        success = (await chat(open_router)).metadata
        with pytest.raises(Refused) as raised:
            await chat(open_router, store=True)
    metadata = raised.value.metadata
    assert metadata.as_dict().keys() == success.as_dict().keys()
    assert (metadata.policy_digest, metadata.registry_digest) == (success.policy_digest, success.registry_digest)
    assert (metadata.route, metadata.endpoint, metadata.status) == ("chat", "chat.completions", 403)
    assert metadata.refusals == raised.value.refusals
    assert metadata.attempts == ()


async def test_a_body_that_is_no_json_is_never_sent():
    async with Upstream() as server, router(server) as open_router:
        for value in (2**70, "\ud800"):
            with pytest.raises((InvalidRequest, Exhausted)):
                await open_router.chat(
                    model="chat", messages=[{"role": "user", "content": value}] if isinstance(value, str) else SAYING,
                    **({"seed": value} if isinstance(value, int) else {}),
                )  # fmt: skip
        assert server.connections == 0


async def test_a_stream_that_nobody_reads_is_accounted_for_when_the_router_closes():
    kept = Kept()
    async with Upstream(up.stream_then(up.chunks(["a"], finish=None), up.hang)) as server:
        async with router(server, recorders=[kept]) as open_router:
            stream = open_router.stream_chat(model="chat", messages=SAYING)
            await stream.__aenter__()
        assert [each.error_code for each in kept.all] == ["stream_broken"]
        assert stream.metadata == kept.all[0]
        assert stream.metadata.attempts[0].outcome is Outcome.CANCELLED
        with pytest.raises(StreamBroken):
            _ = [chunk async for chunk in stream]
        await stream.__aexit__(None, None, None)
    assert len(kept.all) == 1
