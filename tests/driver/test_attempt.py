"""What arrives at an upstream, byte for byte, and what of its answer is believed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import upstream as up
from deployments import SAYING, acme, configuration, router
from upstream import Upstream

from zdr_router import Exhausted, Refused, StreamBroken
from zdr_router.driver.attempt import Sender, shown
from zdr_router.metadata import Outcome
from zdr_router.policy.accounts import SecretSource
from zdr_router.policy.conditions import compile_conditions

if TYPE_CHECKING:
    from zdr_router import AsyncRouter

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "…",
        "strict": True,
        "parameters": {"type": "object", "properties": {"city": {"type": "string", "x-own": [1, 2.5, None]}}},
    },
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "out", "strict": True, "schema": {"type": "object", "properties": {"a": {"const": 0.1}}}},
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
PICTURE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "what is this? ünïcödé \u0000 😀"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
    ],
}
HISTORY = [
    {"role": "system", "content": "be brief"},
    {"role": "assistant", "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
]  # fmt: skip
PARAMETERS: list[dict[str, Any]] = [
    {},
    {"n": 3},
    {"temperature": 0, "top_p": 0.30000000000000004, "seed": 2**53 + 1, "stop": ["\n\n"], "max_tokens": 5},
    {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "weather"}}},
    {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False},
    {"response_format": SCHEMA},
    {"response_format": {"type": "json_object"}},
    {"logprobs": True, "top_logprobs": 5, "logit_bias": {"50256": -100}},
    {"messages": [PICTURE]},
    {"messages": HISTORY},
    {"reasoning_effort": "low", "max_completion_tokens": 9},
    {"presence_penalty": -0.5, "frequency_penalty": 1.5, "top_k": 4, "min_p": 0.05, "repetition_penalty": 1.1},
]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=range(len(PARAMETERS)))
@pytest.mark.parametrize("streamed", [False, True])
async def test_exactly_what_the_caller_gave_arrives_with_the_targets_model(parameters, streamed):
    given = {"messages": list(SAYING), **parameters}
    async with Upstream() as server, router(server) as open_router:
        if streamed:
            async with open_router.stream_chat(model="chat", **given) as stream:
                _ = [chunk async for chunk in stream]
        else:
            await open_router.chat(model="chat", **given)
        (arrived,) = server.requests
    ours = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
    assert arrived.json == {**given, "model": "m", **ours}
    assert orjson.loads(arrived.body) == {**given, "model": "m", **ours}


async def test_a_parameter_that_is_none_is_one_that_was_not_given():
    async with Upstream() as server, router(server) as open_router:
        await open_router.chat(model="chat", messages=SAYING, temperature=None, stop=None)
        assert server.requests[0].json == {"model": "m", "messages": list(SAYING)}


async def test_preferences_and_names_for_the_record_do_not_leave():
    async with Upstream() as server, router(server) as open_router:
        await open_router.chat(
            model="chat", messages=SAYING, customer="c-1", timeout=5.0, provider={"order": ["a/m"], "zdr": True}
        )
        assert server.requests[0].json == {"model": "m", "messages": list(SAYING)}
        assert b"c-1" not in server.requests[0].body
        assert "c-1" not in str(server.requests[0].headers)


async def test_only_headers_that_are_needed_leave():
    async with Upstream() as server, router(server) as open_router:
        await open_router.chat(model="chat", messages=SAYING)
        (arrived,) = server.requests
    assert (arrived.method, arrived.path) == ("POST", "/v1/chat/completions")
    assert arrived.headers.keys() == {"host", "content-type", "content-length", "accept", "accept-encoding",
                                      "user-agent"}  # fmt: skip
    assert arrived.headers["user-agent"] == "zdr-router"


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("bearer", "authorization", "Bearer s3cret"),
        ("x-api-key", "x-api-key", "s3cret"),
        ("api-key", "api-key", "s3cret"),
    ],
)
async def test_the_credential_of_the_account_is_sent_as_the_configuration_says(auth, header, value):
    async with Upstream() as server:
        one = configuration(hosts=[server.url], credentials={"auth": auth})
        async with acme([one], environ={"KEY": "s3cret"}, api_key=SecretSource(env="KEY")) as open_router:
            await open_router.chat(model="chat", messages=SAYING)
        assert server.requests[0].headers[header] == value


async def test_a_cookie_that_a_provider_sets_is_not_sent_back():
    cookie = up.ok(headers={"set-cookie": "id=canary; Path=/"})
    async with Upstream(cookie, cookie) as server, router(server) as open_router:
        for _ in range(2):
            await open_router.chat(model="chat", messages=SAYING)
        assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_the_other_host_receives_nothing(code):
    async with Upstream() as elsewhere, Upstream(up.redirect(code, f"{elsewhere.url}/chat/completions")) as server:
        async with router(server) as open_router:
            with pytest.raises(Exhausted) as raised:
                await open_router.chat(model="chat", messages=SAYING)
        assert (elsewhere.connections, elsewhere.requests) == (0, [])
    assert raised.value.attempts[0].outcome is Outcome.REDIRECTED


async def test_what_a_provider_calls_itself_is_replaced():
    async with Upstream() as server, router(server) as open_router:
        answer = await open_router.chat(model="chat", messages=SAYING)
    assert answer.body["id"] == f"chatcmpl-{answer.metadata.request_id}"
    assert answer.body["model"] == "chat"
    assert "theirs" not in str(answer.body)


async def test_usage_becomes_metadata():
    async with Upstream() as server, router(server) as open_router:
        metadata = (await open_router.chat(model="chat", messages=SAYING)).metadata
    assert (metadata.input_tokens, metadata.output_tokens, metadata.cached_tokens) == (7, 3, 2)


async def test_a_revocation_stops_what_was_cleared_before_it():
    """A request clears its next target at the very instant at which it starts it."""
    released = asyncio.Event()
    async with up.upstreams([up.when(released, up.error(500))], []) as servers, router(*servers) as open_router:
        running = asyncio.create_task(open_router.chat(model="chat", messages=SAYING))
        await servers[0].next_request()
        open_router.trust.revoke("account:b", "leaked")
        released.set()
        with pytest.raises(Exhausted) as raised:
            await running
        assert (servers[1].connections, servers[1].requests) == (0, [])
    assert [each.outcome for each in raised.value.attempts] == [Outcome.TRANSIENT]
    assert [(each.id, each.target) for each in raised.value.metadata.refusals] == [("ZDR104", "b/m")]


class Lapsing:
    """A trust state that changes after the request was cleared, before it is sent."""

    def __init__(self, readings: list[Any]) -> None:
        self.readings = readings

    def read(self) -> Any:
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]


@pytest.mark.parametrize(("reading", "outcome"), [("revoked", Outcome.UNCLEARED), ("unreadable", Outcome.UNCLEARED)])
async def test_between_plan_and_socket_trust_is_read_once_more(reading, outcome):
    async with Upstream() as server, router(server) as open_router:
        open_router.trust.revoke("account:elsewhere", "moves the epoch")
        later = open_router.trust.read() if reading == "revoked" else None
        open_router._service.engine.terms._trust = Lapsing([type(open_router.trust)().read()] * 2)
        sender = open_router._service.running.sender
        open_router._service.running.sender = Sender(sender._transport, Lapsing([later]), sender._clock)
        with pytest.raises(Exhausted) as raised:
            await open_router.chat(model="chat", messages=SAYING)
        assert server.connections == 0
    # Once more at once: what changed may have been about another target.
    assert [(each.outcome, each.sent, each.http_status) for each in raised.value.attempts] == [
        (outcome, "no", None)
    ] * 2


PROOFS: dict[str, Any] = {
    "header": {"header": "X-Served-By", "equals": "acme"},
    "body": {"body": "provider", "one_of": ["Acme", "Acme EU"]},
}


def proven(kind: str, server: Upstream) -> Any:
    return acme([configuration(hosts=[server.url], conditions={"response": [PROOFS[kind]]})])


async def opened(open_router: AsyncRouter) -> None:
    async with open_router.stream_chat(model="chat", messages=SAYING):
        pass


HONEST = up.ok(headers={"x-served-by": "acme"}, provider="Acme")


@pytest.mark.parametrize("kind", PROOFS)
async def test_an_answer_that_shows_what_is_attested_is_given(kind):
    async with Upstream(otherwise=HONEST) as server, proven(kind, server) as open_router:
        assert (await open_router.chat(model="chat", messages=SAYING)).text == "ok"
        async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
            assert [chunk async for chunk in stream]
        assert stream.metadata.status == 200


@pytest.mark.parametrize("kind", PROOFS)
@pytest.mark.parametrize(
    "answer", [up.ok(), up.ok(headers={"x-served-by": "other"}, provider="Other")], ids=["says nothing", "another"]
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_contradicted_target_is_refused_until_it_is_released(kind, answer, streamed):
    async with Upstream(answer, otherwise=HONEST) as server, proven(kind, server) as open_router:
        with pytest.raises(Exhausted) as raised:
            await (opened(open_router) if streamed else open_router.chat(model="chat", messages=SAYING))
        assert [each.outcome for each in raised.value.attempts] == [Outcome.CONTRADICTED]
        with pytest.raises(Refused) as refused:
            await open_router.chat(model="chat", messages=SAYING)
        assert [each.id for each in refused.value.refusals] == ["ZDR402"]
        assert len(server.requests) == 1
        open_router.trust.release("target:a/m", "looked into")
        assert (await open_router.chat(model="chat", messages=SAYING)).text == "ok"


async def test_a_stream_that_contradicts_after_its_first_content_is_broken_and_the_target_refused():
    async def another(call):
        await call.chunk(up.event(up.chunks(["b"], provider="Other")[1]))
        await call.finish()

    speaks = up.stream_then(up.chunks(["a"], finish=None, provider="Acme"), another)
    async with Upstream(speaks) as server, proven("body", server) as open_router:
        with pytest.raises(StreamBroken) as raised:
            async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
                _ = [chunk async for chunk in stream]
        assert raised.value.metadata.attempts[0].outcome is Outcome.CONTRADICTED
        assert [each.id for each in open_router.explain(model="chat").refusals] == ["ZDR402"]


@pytest.mark.parametrize("payload", [b"{}", b'{"provider": 1}', b'{"provider": ["Acme", "Other"]}'])
def test_an_answer_that_does_not_show_it_is_a_contradiction(payload):
    conditions = configuration(conditions={"response": [PROOFS["body"]]}).conditions
    assert not shown(compile_conditions(conditions).response, {}, payload)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"null", b"<html>busy</html>"])
async def test_what_is_no_answer_contradicts_nothing_and_is_given_to_nobody(payload):
    async def garbage(call: up.Call) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Served-By: acme\r\nContent-Length: %d\r\n\r\n"
        await call.say((head % len(payload)).encode() + payload)

    for kind in PROOFS:
        async with Upstream(garbage) as server, proven(kind, server) as open_router:
            with pytest.raises(Exhausted) as raised:
                await open_router.chat(model="chat", messages=SAYING)
            assert [each.outcome for each in raised.value.attempts] == [Outcome.MALFORMED]
            assert open_router.trust.read().contradicted == {}


async def test_what_is_no_answer_contradicts_what_its_head_should_have_shown():
    async with Upstream(up.says("busy")) as server, proven("header", server) as open_router:
        with pytest.raises(Exhausted) as raised:
            await open_router.chat(model="chat", messages=SAYING)
    assert [each.outcome for each in raised.value.attempts] == [Outcome.CONTRADICTED]


async def test_embeddings_are_asked_for_and_given_in_order():
    async with Upstream() as server, router(server) as open_router:
        answer = await open_router.embed(model="chat", input=("one", "two"), dimensions=2)
        assert server.requests[0].path == "/v1/embeddings"
        assert server.requests[0].json == {"model": "m", "input": ["one", "two"], "dimensions": 2}
    assert answer.vectors == [[0.5, 0], [0.5, 1]]
    assert (answer.body["object"], answer.body["model"]) == ("list", "chat")
    assert (answer.metadata.endpoint, answer.metadata.input_tokens, answer.metadata.status) == ("embeddings", 4, 200)


async def test_embeddings_that_are_fewer_than_asked_for_are_malformed():
    async with up.upstreams([up.ok(data=[])], []) as servers, router(*servers) as open_router:
        answer = await open_router.embed(model="chat", input="one")
    assert [each.outcome for each in answer.metadata.attempts] == [Outcome.MALFORMED, Outcome.OK]
