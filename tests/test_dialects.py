"""Every foreign dialect end to end: a router, a real server that speaks the format, and nothing in between."""

from __future__ import annotations

import hmac
import logging
from hashlib import sha256
from typing import Any

import pytest
import upstream as up
from deployments import SAYING, one_authority, registry, shipped
from deployments import configuration as declared
from here import needs_extra
from litellm_library import library
from signed import ENVIRON, STATED, signed
from upstream import Upstream
from wires import BY_NAME, USED, WIRES, Wire

from zdr_router import (
    Account,
    AsyncRouter,
    ChatStream,
    Exhausted,
    InvalidRequest,
    Policy,
    Refused,
    RouteEntry,
    StreamBroken,
)
from zdr_router.policy.accounts import SecretSource

CANARY = "canary-9f2c"
TRANSLATED = [wire for wire in WIRES if wire.dialect != "litellm:azure"]
NATIVE = {
    **dict.fromkeys(
        ("litellm:anthropic", "litellm:azure_anthropic", "litellm:vertex_anthropic"), ("stop_sequences", {"stop": "X"})
    ),
    "litellm:bedrock": ("inferenceConfig.topP", {"top_p": 0.5}),
    "litellm:gemini": ("generationConfig.topK", {"top_k": 3}),
    "litellm:vertex_ai": ("contents[].parts[].text", {}),
    "litellm:cohere": ("p", {"top_p": 0.5}),
    "litellm:watsonx": ("project_id", {}),
}
"""By dialect: a path of the native body, and the parameters that bring it about."""


@pytest.fixture(autouse=True, scope="module")
def loaded():
    library()


@pytest.fixture(params=WIRES, ids=lambda wire: wire.dialect)
def wire(request) -> Wire:
    return request.param


def open_router(wire: Wire, *servers: Upstream, **members) -> AsyncRouter:
    """A router with one account for each server, and the route `chat` over the wire's model at each."""
    hosts = [f"http://127.0.0.1:{server.port}{wire.prefix}" for server in servers]
    features = ["stream", "tools", "json", "images", "files", "audio", "logprobs", "reasoning"]
    made = declared(
        hosts=hosts,
        dialect=wire.dialect,
        credentials={"auth": wire.auth},
        models=[{"id": wire.model, "features": features}],
        **members,
    )
    accounts = {
        name: Account(configuration=made.id, base_url=host, api_key=SecretSource(env="KEY"), scope=dict(wire.scope))
        for name, host in zip("abc", hosts, strict=False)
    }
    return AsyncRouter(
        registry=registry(made),
        policy=Policy(minimum_grade="documented"),
        accounts=accounts,
        routes={"chat": RouteEntry(targets=[f"{name}/{wire.model}" for name in accounts], timeout="10s", retries=0)},
        transport=one_authority(),
        environ={"KEY": "s3cret"},
    )


async def read(stream: ChatStream) -> list[Any]:
    async with stream:
        return [chunk async for chunk in stream]


async def test_an_answer_comes_back_in_openais_shape(wire):
    async with Upstream(up.says(wire.answer("ok"))) as server, open_router(wire, server) as router:
        answer = await router.chat(model="chat", messages=SAYING, max_tokens=50)
    assert answer.text == "ok"
    assert answer.body["choices"][0]["finish_reason"] == "stop"
    assert answer.body["model"] == "chat"
    used = answer.metadata
    assert (used.input_tokens, used.output_tokens, used.cached_tokens) == USED
    (arrived,) = server.requests
    assert (arrived.method, arrived.path) == ("POST", wire.paths[0])
    assert {name: arrived.headers[name] for name in wire.headers} == wire.headers
    credential = "authorization" if wire.auth == "bearer" else wire.auth
    assert arrived.headers[credential].removeprefix("Bearer ") == "s3cret"
    assert "anthropic-beta" not in arrived.headers


async def test_only_the_headers_that_are_listed_leave(wire):
    async with Upstream(up.says(wire.answer("ok"))) as server, open_router(wire, server) as router:
        await router.chat(model="chat", messages=SAYING)
    usual = {"host", "content-type", "content-length", "accept", "user-agent"}
    credential = "authorization" if wire.auth == "bearer" else wire.auth
    assert server.requests[0].headers.keys() - usual - {"accept-encoding"} == {credential, *wire.headers}


async def test_a_preflight_speaks_the_dialect_of_its_target(wire):
    shown = {"x-zdr": "on"}
    proof = {"header": "x-zdr", "equals": "on", "preflight": {"get": "/models"}}
    script = (up.says({}, headers=shown), up.says(wire.answer("ok"), headers=shown))
    async with Upstream(*script) as server, open_router(wire, server, conditions={"response": [proof]}) as router:
        assert (await router.chat(model="chat", messages=SAYING)).text == "ok"
        asked, answered = server.requests
    assert (asked.method, asked.path, asked.body) == ("GET", f"{wire.prefix}/models", b"")
    assert {name: asked.headers[name] for name in wire.headers} == wire.headers
    assert answered.headers.keys() - asked.headers.keys() == {"content-type"}


async def test_a_stream_comes_back_in_openais_shape(wire):
    async with Upstream(wire.streams(wire.events("okay"))) as server, open_router(wire, server) as router:
        stream = router.stream_chat(model="chat", messages=SAYING, stream_options={"include_usage": True})
        chunks = await read(stream)
    pieces = [piece for chunk in chunks for piece in chunk["choices"]]
    assert "".join(piece["delta"].get("content") or "" for piece in pieces) == "okay"
    assert [piece["finish_reason"] for piece in pieces if piece["finish_reason"]] == ["stop"]
    assert pieces[0]["delta"]["role"] == "assistant"
    usage = chunks[-1]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == USED[:2]
    assert chunks[-1]["choices"] == []
    assert (stream.metadata.input_tokens, stream.metadata.output_tokens, stream.metadata.cached_tokens) == USED
    assert server.requests[0].path == wire.paths[1]
    assert server.requests[0].headers["accept"] == wire.kind


async def test_usage_that_nobody_asked_for_shows_in_no_chunk(wire):
    async with Upstream(wire.streams(wire.events("ok"))) as server, open_router(wire, server) as router:
        chunks = await read(router.stream_chat(model="chat", messages=SAYING))
    assert all("usage" not in chunk and chunk["choices"] for chunk in chunks)


async def test_a_stream_without_a_finish_reason_is_broken(wire):
    async with Upstream(wire.streams(wire.events("ok", reason=None))) as server, open_router(wire, server) as router:
        stream = router.stream_chat(model="chat", messages=SAYING)
        with pytest.raises(StreamBroken, match="truncated"):
            await read(stream)


async def test_a_stream_that_is_cut_mid_event_is_broken(wire):
    *events, last = wire.events("ok")

    async def cut(call: up.Call) -> None:
        await call.begin(wire.kind)
        for each in events[:-1] if len(events) > 2 else events:
            await call.chunk(wire.framed(each))
        await call.chunk(wire.framed(last)[:7])
        await call.finish()

    async with Upstream(cut) as server, open_router(wire, server) as router:
        stream = router.stream_chat(model="chat", messages=SAYING)
        with pytest.raises(StreamBroken):
            await read(stream)


async def test_a_stream_that_breaks_before_content_is_tried_elsewhere(wire):
    silent = wire.streams([each for each in wire.events("x", reason=None) if "x" not in str(each)])
    async with (
        Upstream(silent) as first,
        Upstream(wire.streams(wire.events("ok"))) as second,
        open_router(wire, first, second) as router,
    ):
        stream = router.stream_chat(model="chat", messages=SAYING)
        chunks = await read(stream)
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks) == "ok"
    assert [attempt.outcome for attempt in stream.metadata.attempts] == ["truncated", "ok"]


async def test_an_answer_without_a_finish_reason_is_none(wire):
    async with Upstream(up.says(wire.answer("ok", reason=None))) as server, open_router(wire, server) as router:
        with pytest.raises(Exhausted) as caught:
            await router.chat(model="chat", messages=SAYING)
    assert [attempt.outcome for attempt in caught.value.attempts] == ["truncated"]


async def test_finish_reasons_are_put_into_openais_words(wire):
    for theirs, ours in wire.reasons.items():
        async with Upstream(up.says(wire.answer("ok", reason=theirs))) as server, open_router(wire, server) as router:
            answer = await router.chat(model="chat", messages=SAYING)
        assert answer.body["choices"][0]["finish_reason"] == ours, theirs


async def test_a_finish_reason_that_nobody_knows_is_no_answer(wire):
    async with Upstream(up.says(wire.answer("ok", reason="whatever"))) as server, open_router(wire, server) as router:
        with pytest.raises(Exhausted) as caught:
            await router.chat(model="chat", messages=SAYING)
    assert [attempt.outcome for attempt in caught.value.attempts] == ["malformed"]


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"candidates": []}, [], "text", {"content": "x"}])
async def test_a_200_that_is_no_answer_is_malformed(wire, body):
    async with Upstream(up.says(body)) as server, open_router(wire, server) as router:
        with pytest.raises(Exhausted) as caught:
            await router.chat(model="chat", messages=SAYING)
    assert [attempt.outcome for attempt in caught.value.attempts] == ["malformed"]


async def test_a_redirect_is_not_followed(wire):
    async with (
        Upstream() as elsewhere,
        Upstream(up.redirect(307, elsewhere.url)) as server,
        open_router(wire, server) as router,
    ):
        with pytest.raises(Exhausted) as caught:
            await router.chat(model="chat", messages=SAYING)
    assert [attempt.outcome for attempt in caught.value.attempts] == ["redirected"]
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, "credential"),
        (403, "credential"),
        (404, "model_gone"),
        (413, "context_too_long"),
        (429, "rate_limited"),
        (500, "transient"),
        (503, "transient"),
        (529, "transient"),
    ],
)
async def test_the_status_of_an_error_says_how_an_attempt_ended(wire, status, outcome):
    said = {"error": {"message": f"rate limit {CANARY}", "type": "some_error"}, "message": CANARY}
    behaviour = up.status(status, said, headers={"retry-after": "0"})
    async with (
        Upstream(behaviour) as first,
        Upstream(up.says(wire.answer("ok"))) as second,
        open_router(wire, first, second) as router,
    ):
        if outcome == "context_too_long":
            second.then(up.says(wire.answer("ok")))
        answer = await router.chat(model="chat", messages=SAYING)
    assert [attempt.outcome for attempt in answer.metadata.attempts] == [outcome, "ok"]
    assert CANARY not in str(answer.metadata)


async def test_a_request_that_the_provider_finds_wrong_goes_nowhere_else(wire):
    said = up.status(400, {"error": {"message": f"rate limit {CANARY}"}, "message": CANARY})
    async with Upstream(said) as first, Upstream() as second, open_router(wire, first, second) as router:
        with pytest.raises(InvalidRequest) as caught:
            await router.chat(model="chat", messages=SAYING)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert second.requests == []


async def test_nothing_of_a_request_is_logged_whatever_happens(wire, caplog):
    caplog.set_level(logging.DEBUG)
    asked = [{"role": "user", "content": CANARY}]
    async with (
        Upstream(up.status(400, {"error": {"message": CANARY}}), up.says(wire.answer(CANARY))) as server,
        open_router(wire, server) as router,
    ):
        with pytest.raises(InvalidRequest):
            await router.chat(model="chat", messages=asked)
        await router.chat(model="chat", messages=asked)
    assert server.requests[1].body.count(CANARY.encode()) == 1
    assert CANARY not in caplog.text


async def test_what_a_format_cannot_carry_is_refused_by_name(wire):
    async with Upstream() as server, open_router(wire, server) as router:
        with pytest.raises(Refused) as caught:
            await router.chat(model="chat", messages=SAYING, verbosity="low")
    assert [refusal.id for refusal in caught.value.refusals] == ["ZDR607"]
    assert "cannot carry what the request has at verbosity" in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("wire", TRANSLATED, ids=lambda wire: wire.dialect)
async def test_media_by_address_are_refused_whatever_the_configuration_permits(wire):
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    permits = {"conditions": {"permit": ["remote_image"]}}
    async with Upstream() as server, open_router(wire, server, **permits) as router:
        with pytest.raises(Refused, match="cannot carry media by address"):
            await router.chat(model="chat", messages=[{"role": "user", "content": [image]}])
    assert server.requests == []


async def test_what_is_forced_is_set_on_what_leaves(wire):
    forced = {"conditions": {"force": [{"set": "zero_retention", "to": True}]}}
    async with Upstream(up.says(wire.answer("ok"))) as server, open_router(wire, server, **forced) as router:
        await router.chat(model="chat", messages=SAYING)
    assert server.requests[0].json["zero_retention"] is True


@pytest.mark.parametrize("wire", TRANSLATED, ids=lambda wire: wire.dialect)
async def test_what_is_forbidden_of_the_native_body_stops_it(wire):
    """A path in the provider's own words, which no caller can have sent."""
    path, parameters = NATIVE[wire.dialect]
    forbidden = {"conditions": {"forbid": [{"path": path}]}}
    async with Upstream() as server, open_router(wire, server, **forbidden) as router:
        with pytest.raises(Exhausted) as caught:
            await router.chat(model="chat", messages=SAYING, **parameters)
    assert [attempt.outcome for attempt in caught.value.attempts] == ["guarded"]
    assert server.requests == []


async def test_a_signature_of_aws_holds_for_the_address_and_the_body_that_left():
    """Checked by the published steps of Signature Version 4: the path is escaped once more than it was sent."""
    needs_extra("aws", "botocore")
    wire, region = BY_NAME["litellm:bedrock"], "eu-central-1"
    async with Upstream(wire.streams(wire.events("ok"))) as server:
        host = f"http://127.0.0.1:{server.port}"
        models = [{"id": wire.model, "features": ["stream"]}]
        made = signed("aws_sigv4", host, dialect=wire.dialect, models=models)
        router = AsyncRouter(
            registry=registry(made),
            policy=Policy(minimum_grade="documented"),
            accounts={"a": Account.model_validate({"configuration": made.id, **STATED["aws_sigv4"]})},
            routes={"chat": RouteEntry(targets=[f"a/{wire.model}"], retries=0)},
            transport=one_authority(),
            environ=ENVIRON,
        )
        async with router:
            await read(router.stream_chat(model="chat", messages=SAYING))
    (arrived,) = server.requests
    claim = dict(part.split("=", 1) for part in arrived.headers["authorization"].split(" ", 1)[1].split(", "))
    named = claim["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{arrived.headers[name]}\n" for name in named)
    canonical = "\n".join(
        ("POST", arrived.path.replace("%", "%25"), "", headers, ";".join(named), sha256(arrived.body).hexdigest())
    )
    day = arrived.headers["x-amz-date"][:8]
    scope = f"{day}/{region}/bedrock/aws4_request"
    signing = "\n".join(
        ("AWS4-HMAC-SHA256", arrived.headers["x-amz-date"], scope, sha256(canonical.encode()).hexdigest())
    )
    key = f"AWS4{ENVIRON['AWS_SECRET']}".encode()
    for part in (day, region, "bedrock", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    assert claim["Signature"] == hmac.digest(key, signing.encode(), "sha256").hex()


SHIPPED = [each for each in shipped().configurations.values() if each.dialect in BY_NAME]
TOOL = {"name": "look_up", "description": "d", "parameters": {"type": "object", "properties": {}}}
FULL = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        ],
    },
    {
        "role": "assistant",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": "found"},
]


@pytest.mark.parametrize("configuration", SHIPPED, ids=lambda each: each.id)
async def test_the_conditions_of_the_registry_let_an_ordinary_request_pass(configuration):
    """Facts that would refuse it are set aside; conditions, dialect and paths are those that are shipped."""
    wire = BY_NAME[configuration.dialect]
    async with Upstream(up.says(wire.answer("ok"))) as server:
        made = declared(
            hosts=[f"http://127.0.0.1:{server.port}"],
            dialect=wire.dialect,
            conditions=configuration.conditions.model_dump(mode="json", exclude_unset=True),
            models=[{"id": wire.model, "features": ["stream", "tools", "images"]}],
        )
        router = AsyncRouter(
            registry=registry(made),
            policy=Policy(minimum_grade="documented"),
            accounts={"a": Account(configuration=made.id, scope={"project": "p"})},
            routes={"chat": RouteEntry(targets=[f"a/{wire.model}"], retries=0)},
            transport=one_authority(),
        )
        async with router:
            tools = [{"type": "function", "function": TOOL}]
            answer = await router.chat(model="chat", messages=FULL, tools=tools, temperature=0, stop=["X"])
    assert answer.text == "ok"
    arrived = server.requests[0].json
    for forced in configuration.conditions.force:
        assert arrived[forced.set] == forced.to


async def test_fallback_goes_from_one_format_to_the_next(wire):
    """What was written for the first target is in nothing that the second one gets."""
    async with (
        Upstream(up.status(529, {"error": {"type": "overloaded_error"}})) as first,
        Upstream(up.ok("from the second")) as second,
    ):
        models = [{"pattern": ".", "features": ["stream"]}]
        foreign = declared(
            "acme/one", hosts=[f"http://127.0.0.1:{first.port}{wire.prefix}"], dialect=wire.dialect, models=models
        )
        openai = declared("acme/two", hosts=[second.url], models=models)
        router = AsyncRouter(
            registry=registry(foreign, openai),
            policy=Policy(minimum_grade="documented"),
            accounts={
                "a": Account(configuration=foreign.id, scope={"project": "p"}),
                "b": Account(configuration=openai.id),
            },
            routes={"chat": RouteEntry(targets=[f"a/{wire.model}", "b/m"], retries=0)},
            transport=one_authority(),
        )
        async with router:
            answer = await router.chat(model="chat", messages=SAYING, temperature=0)
    assert answer.text == "from the second"
    assert [attempt.outcome for attempt in answer.metadata.attempts] == ["transient", "ok"]
    assert second.requests[0].json == {"model": "m", "messages": list(SAYING), "temperature": 0}
