"""What a target has to show before content leaves for it: asked for once, without content, and believed for a while."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import SAYING, acme, configuration
from signed import Clock, token
from upstream import Upstream

from zdr_router import AsyncRouter, Exhausted, Refused, StreamBroken
from zdr_router.credentials.signers import Signers
from zdr_router.driver.attempt import Sender
from zdr_router.driver.signing import fetch_over
from zdr_router.metadata import Outcome
from zdr_router.policy.accounts import SecretSource
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.preflight import KEPT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from upstream import Behaviour, Call

CANARY = "canary-e07"
ON, OFF = {"x-zdr": "true"}, {"x-zdr": "false"}


class Provider:
    """Says in a header of its list of models, and of its answers, what the test tells it to."""

    def __init__(self, models: Behaviour | None = None, answers: Mapping[str, str] = ON) -> None:
        self.models = models or up.says({"data": []}, headers=ON)
        self.answers = up.ok(headers=answers)

    async def __call__(self, call: Call) -> None:
        await (self.models if call.arrived.method == "GET" else self.answers)(call)


def asking(*servers: Upstream, clock: Clock | None = None, **members: Any) -> AsyncRouter:
    proof = {"header": "X-ZDR", "equals": "true", "preflight": {"get": "/models"}}
    declared = {"conditions": {"response": [proof]}, "credentials": {"auth": "bearer"}, **members}
    names = [f"acme/{name}" for name in "abc"]
    configurations = [
        configuration(name, hosts=[each.url], **declared) for name, each in zip(names, servers, strict=False)
    ]
    made = acme(configurations, environ={"KEY": "s3cret"}, api_key=SecretSource(env="KEY"))
    return AsyncRouter.of(made.deployment, clock=clock or Clock())


async def chat(router: AsyncRouter, **parameters: Any) -> Any:
    return await router.chat(model="chat", messages=SAYING, **parameters)


async def failed(router: AsyncRouter, **parameters: Any) -> tuple[Outcome, str, int | None]:
    with pytest.raises(Exhausted) as raised:
        await chat(router, **parameters)
    (attempt,) = raised.value.attempts
    return attempt.outcome, attempt.sent, attempt.http_status


def methods(server: Upstream) -> list[str]:
    return [each.method for each in server.requests]


async def test_a_get_without_content_precedes_the_first_request_and_is_not_repeated():
    async with Upstream(otherwise=Provider()) as server, asking(server) as router:
        for _ in range(3):
            assert (await chat(router)).text == "ok"
        async with router.stream_chat(model="chat", messages=SAYING) as stream:
            assert [chunk async for chunk in stream]
    asked = server.requests[0]
    assert methods(server) == ["GET", "POST", "POST", "POST", "POST"]
    assert (asked.path, asked.body) == ("/v1/models", b"")
    assert asked.headers.keys() == {"host", "accept", "accept-encoding", "user-agent", "authorization",
                                    "content-length"}  # fmt: skip
    assert asked.headers["authorization"] == "Bearer s3cret"
    assert asked.headers["content-length"] == "0"


async def test_a_configuration_without_one_is_sent_to_at_once():
    proof = {"header": "x-zdr", "equals": "true"}
    async with (
        Upstream(otherwise=Provider()) as server,
        asking(server, conditions={"response": [proof]}) as router,
    ):
        await chat(router)
    assert methods(server) == ["POST"]


@pytest.mark.parametrize("headers", [OFF, {}, {"x-zdr": "True"}, {"x-zdr": ""}], ids=str)
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_target_that_does_not_show_it_is_contradicted_and_receives_nothing(headers, streamed, caplog):
    caplog.set_level(logging.INFO, "zdr_router")
    silent = up.says({"data": [], "zdr": True}, headers=headers)
    async with (
        Upstream(otherwise=Provider(silent)) as first,
        Upstream(otherwise=Provider()) as second,
        asking(first, second) as router,
    ):
        if streamed:
            async with router.stream_chat(model="chat", messages=SAYING) as stream:
                assert [chunk async for chunk in stream]
            metadata = stream.metadata
        else:
            metadata = (await chat(router)).metadata
        assert [each.id for each in router.explain(model="chat").refusals] == ["ZDR402"]
        await chat(router)
    assert [(each.target, each.outcome, each.sent, each.http_status) for each in metadata.attempts] == [
        ("a/m", Outcome.CONTRADICTED, "no", 200),
        ("b/m", Outcome.OK, "maybe", 200),
    ]
    assert methods(first) == ["GET"]
    assert methods(second) == ["GET", "POST", "POST"]
    assert "contradicted target=a/m" in caplog.text


async def test_it_is_refused_until_it_is_released_and_then_asked_again():
    provider = Provider(up.says({}, headers=OFF))
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        assert await failed(router) == (Outcome.CONTRADICTED, "no", 200)
        with pytest.raises(Refused):
            await chat(router)
        assert methods(server) == ["GET"]
        provider.models = up.says({}, headers=ON)
        router.trust.release("target:a/m", "looked into")
        await chat(router)
    assert methods(server) == ["GET", "GET", "POST"]


FAILURES = {
    "redirect": (up.redirect(307, "/v1/elsewhere"), Outcome.REDIRECTED, 307),
    "redirect that shows it": (up.status(302, b"", headers={**ON, "location": "/"}), Outcome.REDIRECTED, 302),
    "400": (up.error(400, code="content_filter"), Outcome.MALFORMED, 400),
    "401": (up.error(401), Outcome.CREDENTIAL, 401),
    "403 that shows it": (up.status(403, {}, headers=ON), Outcome.CREDENTIAL, 403),
    "404": (up.error(404), Outcome.MODEL_GONE, 404),
    "413": (up.error(413), Outcome.MALFORMED, 413),
    "422": (up.error(422), Outcome.MALFORMED, 422),
    "429": (up.error(429), Outcome.RATE_LIMITED, 429),
    "500": (up.error(500), Outcome.TRANSIENT, 500),
    "500 that shows another": (up.status(500, {}, headers=OFF), Outcome.TRANSIENT, 500),
    "reset": (up.reset_before_head, Outcome.TRANSIENT, None),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_no_contradiction_and_nothing_was_sent(name):
    behaviour, outcome, code = FAILURES[name]
    provider = Provider(behaviour)
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        assert await failed(router) == (outcome, "no", code)
        assert router.trust.read().contradicted == {}
        assert methods(server) == ["GET"]
        assert {each.path for each in server.requests} == {"/v1/models"}
        provider.models = up.says({}, headers=ON)
        await chat(router)
    assert methods(server) == ["GET", "GET", "POST"]


@pytest.mark.parametrize("name", FAILURES)
async def test_after_a_failure_the_next_target_is_tried(name):
    async with (
        Upstream(otherwise=Provider(FAILURES[name][0])) as first,
        Upstream(otherwise=Provider()) as second,
        asking(first, second) as router,
    ):
        assert (await chat(router)).metadata.target == "b/m"
    assert methods(first) == ["GET"]


async def test_a_target_that_cannot_be_reached_fails_as_ever():
    async with Upstream() as gone:
        pass
    async with asking(gone) as router:
        with pytest.raises(Exhausted) as raised:
            await chat(router)
    tried = [(each.outcome, each.sent, each.http_status) for each in raised.value.attempts]
    assert tried == [(Outcome.UNREACHABLE, "no", None)] * 2


async def test_one_that_hangs_is_waited_for_until_the_deadline_of_the_call():
    async with Upstream(otherwise=Provider(up.hang)) as server, asking(server) as router:
        began = asyncio.get_running_loop().time()
        assert await failed(router, timeout=1.0) == (Outcome.TIMEOUT, "no", None)
        assert 0.9 < asyncio.get_running_loop().time() - began < 5
        assert methods(server) == ["GET"]
        assert router.trust.read().contradicted == {}


async def test_the_head_is_enough():
    async def head_alone(call: Call) -> None:
        await call.begin(up.JSON, ON)
        await call.gone()

    async with Upstream(otherwise=Provider(head_alone)) as server, asking(server) as router:
        assert (await chat(router, timeout=5)).text == "ok"


async def test_fifty_calls_ask_once():
    may_answer = asyncio.Event()
    provider = Provider(up.when(may_answer, up.says({}, headers=ON)))
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        calls = [asyncio.create_task(chat(router)) for _ in range(50)]
        await server.next_request()
        await asyncio.sleep(0.05)
        assert methods(server) == ["GET"]
        may_answer.set()
        assert {answer.text for answer in await asyncio.gather(*calls)} == {"ok"}
    assert methods(server).count("GET") == 1


async def test_fifty_calls_learn_of_one_contradiction():
    may_answer = asyncio.Event()
    provider = Provider(up.when(may_answer, up.says({}, headers=OFF)))
    async with (
        Upstream(otherwise=provider) as first,
        Upstream(otherwise=Provider()) as second,
        asking(first, second) as router,
    ):
        calls = [asyncio.create_task(chat(router)) for _ in range(50)]
        await first.next_request()
        await asyncio.sleep(0.05)
        may_answer.set()
        answers = await asyncio.gather(*calls)
    assert {answer.metadata.target for answer in answers} == {"b/m"}
    assert methods(first) == ["GET"]
    assert methods(second).count("GET") == 1


async def test_a_call_that_leaves_closes_its_connection_and_another_asks_in_its_place():
    may_answer = asyncio.Event()
    provider = Provider(up.hang)
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        first = asyncio.create_task(chat(router))
        arrived = await server.next_request()
        others = [asyncio.create_task(chat(router)) for _ in range(5)]
        await asyncio.sleep(0.02)
        provider.models = up.when(may_answer, up.says({}, headers=ON))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await asyncio.wait_for(arrived.gone.wait(), 2)
        await server.next_request()
        may_answer.set()
        assert {answer.text for answer in await asyncio.gather(*others)} == {"ok"}
    assert methods(server).count("GET") == 2


async def test_a_call_that_leaves_while_it_waits_for_another_disturbs_nobody():
    may_answer = asyncio.Event()
    async with (
        Upstream(otherwise=Provider(up.when(may_answer, up.says({}, headers=ON)))) as server,
        asking(server) as router,
    ):
        first = asyncio.create_task(chat(router))
        await server.next_request()
        second = asyncio.create_task(chat(router))
        await asyncio.sleep(0.02)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        may_answer.set()
        assert (await first).text == "ok"
    assert methods(server) == ["GET", "POST"]


async def test_the_deadline_of_one_call_is_not_that_of_another():
    may_answer = asyncio.Event()
    provider = Provider(up.hang)
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        short = asyncio.create_task(failed(router, timeout=1.0))
        await server.next_request()
        long = asyncio.create_task(chat(router, timeout=10))
        shorter = asyncio.create_task(failed(router, timeout=0.1))
        await asyncio.sleep(0)
        provider.models = up.when(may_answer, up.says({}, headers=ON))
        assert await shorter == (Outcome.TIMEOUT, "no", None)
        assert await short == (Outcome.TIMEOUT, "no", None)
        may_answer.set()
        assert (await long).text == "ok"
    assert methods(server) == ["GET", "GET", "POST"]


def requests_in_memory() -> int:
    gc.collect()
    return len({id(each.request) for each in gc.get_objects() if type(each) is Clearance})


async def test_nothing_of_a_call_that_left_is_kept_while_others_wait():
    async with Upstream(otherwise=Provider(up.hang)) as server, asking(server) as router:
        before = requests_in_memory()
        leaving = asyncio.create_task(chat(router))
        await server.next_request()
        waiting = asyncio.create_task(chat(router))
        await asyncio.sleep(0.02)
        assert requests_in_memory() == before + 2
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await server.next_request()
        assert requests_in_memory() == before + 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_what_was_shown_is_asked_for_again_after_a_while():
    clock = Clock()
    provider = Provider()
    async with Upstream(otherwise=provider) as server, asking(server, clock=clock) as router:
        await chat(router)
        clock.ahead += KEPT - 5
        await chat(router)
        assert methods(server) == ["GET", "POST", "POST"]
        clock.ahead += 5
        provider.models = up.says({}, headers=OFF)
        assert await failed(router) == (Outcome.CONTRADICTED, "no", 200)
    assert methods(server) == ["GET", "POST", "POST", "GET"]


async def test_a_clock_that_was_set_back_makes_nothing_count_longer():
    clock = Clock()
    async with Upstream(otherwise=Provider()) as server, asking(server, clock=clock) as router:
        await chat(router)
        clock.ahead -= 0.9  # further back nothing is cleared at all
        await chat(router)
    assert methods(server) == ["GET", "POST", "GET", "POST"]


async def test_whatever_becomes_known_makes_the_router_ask_again():
    async with Upstream(otherwise=Provider()) as server, asking(server) as router:
        await chat(router)
        router.trust.revoke("account:elsewhere", "moves the epoch")
        await chat(router)
    assert methods(server) == ["GET", "POST", "GET", "POST"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("headers", [OFF, {}], ids=["another", "says nothing"])
async def test_the_answer_is_read_as_well_and_its_contradiction_outweighs_the_preflight(streamed, headers):
    provider = Provider(answers=headers)
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        if streamed:
            with pytest.raises(Exhausted) as raised:
                async with router.stream_chat(model="chat", messages=SAYING):
                    pytest.fail("a chunk was handed out")
            (attempt,) = raised.value.attempts
            assert (attempt.outcome, attempt.sent) == (Outcome.CONTRADICTED, "maybe")
        else:
            assert await failed(router) == (Outcome.CONTRADICTED, "maybe", 200)
        with pytest.raises(Refused):
            await chat(router)
        router.trust.release("target:a/m", "looked into")
        provider.answers = up.ok(headers=ON)
        await chat(router)
    assert methods(server) == ["GET", "POST", "GET", "POST"]


async def test_a_stream_that_fails_before_its_preflight_was_answered_hands_out_nothing():
    async with Upstream(otherwise=Provider(up.error(500))) as server, asking(server) as router:
        with pytest.raises(Exhausted) as raised:
            async with router.stream_chat(model="chat", messages=SAYING):
                pytest.fail("a chunk was handed out")
        assert not isinstance(raised.value, StreamBroken)
    assert methods(server) == ["GET"]


async def test_a_revocation_that_comes_while_it_is_asked_stops_the_request():
    may_answer = asyncio.Event()
    provider = Provider(up.when(may_answer, up.says({}, headers=ON)))
    async with Upstream(otherwise=provider) as server, asking(server) as router:
        running = asyncio.create_task(failed(router))
        await server.next_request()
        router.trust.revoke("account:a", "leaked")
        may_answer.set()
        assert await running == (Outcome.UNCLEARED, "no", None)
    assert methods(server) == ["GET"]


async def test_every_path_has_to_show_what_names_it():
    proofs = [
        {"header": "x-zdr", "equals": "true", "preflight": {"get": "/models"}},
        {"header": "x-region", "equals": "eu", "preflight": {"get": "/me"}},
    ]
    region = ["eu", "us"]

    async def behave(call: Call) -> None:
        if call.arrived.method == "POST":
            await up.ok(headers={**ON, "x-region": "eu"})(call)
        else:
            shown = ON if call.arrived.path == "/v1/models" else {"x-region": region[0]}
            await call.answer(200, b"", headers=shown)

    async with Upstream(otherwise=behave) as server, asking(server, conditions={"response": proofs}) as router:
        await chat(router)
        assert [each.path for each in server.requests] == ["/v1/models", "/v1/me", "/v1/chat/completions"]
        router.trust.revoke("account:elsewhere", "moves the epoch")
        region.pop(0)
        assert await failed(router) == (Outcome.CONTRADICTED, "no", 200)


async def test_each_target_shows_it_for_itself():
    async with (
        Upstream(Provider(), up.error(500), otherwise=Provider()) as first,
        Upstream(otherwise=Provider()) as second,
        asking(first, second) as router,
    ):
        await chat(router)
    assert methods(first) == ["GET", "POST"]
    assert methods(second) == ["GET", "POST"]


async def test_a_preflight_is_signed_as_a_request_is():
    declared = {"credentials": {"auth": "ibm_iam"}}
    async with (
        Upstream(otherwise=Provider()) as server,
        Upstream(otherwise=token()) as tokens,
        asking(server, **declared) as router,
    ):
        transport = router._service.running.sender._transport
        endpoints = {"ibm_iam": f"http://127.0.0.1:{tokens.port}"}
        made = Signers(router.deployment.targets, fetch_over(transport), Clock(), endpoints=endpoints)
        async with made as signers:
            router._service.running.sender = Sender(transport, router.trust, Clock(), signers.by_account)
            await chat(router)
            router._service.running.sender = Sender(transport, router.trust, Clock())
            assert await failed(router) == (Outcome.GUARDED, "no", None)
    assert methods(server) == ["GET", "POST"]
    assert {each.headers["authorization"] for each in server.requests} == {"Bearer token-1"}
    assert len(tokens.requests) == 1


@pytest.mark.parametrize("code", [200, 302, 400, 401, 429, 500])
async def test_nothing_that_a_preflight_is_answered_is_kept(code, caplog):
    caplog.set_level(logging.DEBUG)
    told = {"x-zdr": CANARY, "retry-after": CANARY, "location": f"/{CANARY}", "set-cookie": f"id={CANARY}"}
    outcry = up.status(code, {"error": {"message": CANARY, "code": CANARY, "type": CANARY}}, headers=told)
    async with Upstream(otherwise=Provider(outcry)) as server, asking(server) as router:
        with pytest.raises(Exhausted) as raised:
            await chat(router)
        assert CANARY not in repr(router.trust.read())
    assert CANARY not in f"{raised.value} {raised.value!r} {raised.value.metadata!r} {caplog.text}"
    assert methods(server) == ["GET"]
