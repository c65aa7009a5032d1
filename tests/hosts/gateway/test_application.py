"""The gateway as an ASGI application."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest
import upstream as up
from deployments import router as router_over
from gateway_here import ASKING, OneKey, here
from upstream import Upstream

from zdr_router.hosting import LOOPBACK_NAMES, HopSettings
from zdr_router.hosts import gateway
from zdr_router.metadata import ErrorCode, Signal
from zdr_router.sealed import Sealed

CONTENT = "the-content-of-this-request"


def events(text: str) -> list[str]:
    """What follows each `data: `."""
    return [part.removeprefix("data: ") for part in text.split("\n\n") if part]


async def test_a_chat_is_answered_as_openai_does():
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.chat()
        (record,) = it.kept.records
    assert answer.status_code == 200
    body = answer.json()
    assert body["object"] == "chat.completion"
    assert body["model"] == "chat"
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "ok", "refusal": None}
    assert "zdr" not in body
    assert answer.headers["x-request-id"] == record.request_id
    assert answer.headers["x-zdr-configuration"] == "llama-cpp/self-operated"
    assert answer.headers["x-zdr-attestation"] == record.attestation
    assert "x-zdr-target" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_stream_is_events_and_an_end():
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.chat(stream=True)
        (record,) = it.kept.records
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-request-id"] == record.request_id
    *chunks, done = events(answer.text)
    assert done == "[DONE]"
    parsed = [json.loads(each) for each in chunks]
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in parsed) == "ok"
    assert not any("usage" in each for each in parsed)
    assert record.stream
    assert record.output_tokens == 3


async def test_usage_comes_only_where_it_is_asked_for():
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.chat(stream=True, stream_options={"include_usage": True})
    last = json.loads(events(answer.text)[-2])
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 10


async def test_a_stream_that_breaks_says_so_and_does_not_end():
    broken = up.stream_then(up.chunks(["a"], finish=None), lambda call: asyncio.sleep(0, call.hang_up()))
    async with Upstream(broken) as upstream, here(upstream) as it:
        answer = await it.chat(stream=True)
        (record,) = it.kept.records
    assert answer.status_code == 200
    *_, last = events(answer.text)
    assert json.loads(last)["error"]["code"] == "stream_broken"
    assert "[DONE]" not in answer.text
    assert record.error_code is ErrorCode.STREAM_BROKEN


async def test_embeddings():
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.http.post("/v1/embeddings", json={"model": "chat", "input": ["a", "b"]})
    assert [each["embedding"] for each in answer.json()["data"]] == [[0.5, 0], [0.5, 1]]


async def test_a_refusal_is_public_and_not_to_be_tried_again():
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.chat(store=True)
        (record,) = it.kept.records
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (403, "zdr_refused", "zdr_refused")
    assert set(error["refusals"][0]) <= {"id", "configuration", "reason", "fix"}
    assert "a/m" not in answer.text
    assert ".yaml" not in answer.text
    assert answer.headers["x-should-retry"] == "false"
    assert not upstream.requests
    assert record.status == 403


async def test_when_nobody_answers_nothing_of_ours_is_told():
    async with Upstream(up.error(500)) as upstream, here(upstream) as it:
        answer = await it.chat()
    assert answer.status_code == 502
    assert answer.headers["x-should-retry"] == "false"
    assert "a/m" not in answer.text
    assert answer.json()["error"]["code"] == "exhausted"


async def test_a_limit_upstream_comes_with_when_to_ask_again():
    async with Upstream(up.status(429, {}, headers={"retry-after": "7"})) as upstream, here(upstream) as it:
        answer = await it.chat()
    assert answer.status_code == 429
    assert 6 <= int(answer.headers["retry-after"]) <= 7
    assert 6000 <= int(answer.headers["retry-after-ms"]) <= 7000
    assert answer.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 400, ErrorCode.INVALID_REQUEST),
        (b"[]", {}, 400, ErrorCode.INVALID_REQUEST),
        (b"\xff", {}, 400, ErrorCode.INVALID_REQUEST),
        (b"{}", {}, 404, ErrorCode.INVALID_REQUEST),
        (b'{"model":"chat"}', {}, 400, ErrorCode.INVALID_REQUEST),
        (b'{"model":"nonesuch","messages":[]}', {}, 404, ErrorCode.INVALID_REQUEST),
        (b'{"model":"chat","messages":' + b"[" * 40 + b"]" * 40 + b"}", {}, 400, ErrorCode.INVALID_REQUEST),
        (b"x" * 2000, {}, 413, ErrorCode.TOO_LARGE),
        (b"{}", {"content-type": "text/plain"}, 415, ErrorCode.INVALID_REQUEST),
        (b"{}", {"content-encoding": "gzip"}, 415, ErrorCode.INVALID_REQUEST),
        (b"{}", {"content-length": "9" * 5000}, 413, ErrorCode.TOO_LARGE),
    ],
)
async def test_what_cannot_be_read_is_the_callers_fault_and_recorded(content, headers, status, code):
    settings = HopSettings(body=1000, nesting=20)
    async with here("http://127.0.0.1:9/v1", settings=settings) as it:
        sent = {"content-type": "application/json", **headers}
        answer = await it.http.post("/v1/chat/completions", content=content, headers=sent)
        (record,) = it.kept.records
    assert answer.status_code == status
    assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}
    assert (record.status, record.error_code) == (status, code)
    assert answer.headers["x-request-id"] == record.request_id


async def test_a_body_that_is_too_large_is_noticed_though_it_does_not_say_so():
    async def pieces():
        for _ in range(100):
            yield b"x" * 100

    async with here("http://127.0.0.1:9/v1", settings=HopSettings(body=1000)) as it:
        headers = {"content-type": "application/json"}
        answer = await it.http.post("/v1/chat/completions", content=pieces(), headers=headers)
        (record,) = it.kept.records
    assert answer.status_code == 413
    assert record.signals == (Signal.TOO_LARGE,)


async def test_a_body_that_never_ends_is_not_waited_for():
    async def slow():
        yield b"{"
        await asyncio.Event().wait()

    async with here("http://127.0.0.1:9/v1", settings=HopSettings(body_within=0.05)) as it:
        headers = {"content-type": "application/json"}
        answer = await it.http.post("/v1/chat/completions", content=slow(), headers=headers)
        (record,) = it.kept.records
    assert answer.status_code == 408
    assert record.error_code is ErrorCode.TOO_SLOW


async def test_other_paths_and_methods_get_the_same_envelope():
    async with here("http://127.0.0.1:9/v1") as it:
        nowhere = await it.http.get("/v1/nowhere")
        wrong = await it.http.get("/v1/chat/completions")
        records = it.kept.records
    assert (nowhere.status_code, wrong.status_code, wrong.headers["allow"]) == (404, 405, "POST")
    assert set(nowhere.json()["error"]) == {"message", "type", "param", "code"}
    assert [each.endpoint for each in records] == ["unknown", "chat.completions"]


async def test_what_a_caller_sends_is_never_taken_for_an_argument_of_the_router():
    async with Upstream() as upstream, here(upstream) as it:
        for name in ("tenant", "customer", "policy", "timeout", "key", "signals"):
            answer = await it.chat(**{name: "acme"})
            assert answer.status_code == 403
            assert answer.json()["error"]["refusals"][0]["id"] == "ZDR602"
    assert not upstream.requests


async def test_without_a_key_nothing_is_read_or_sent():
    keys = OneKey()
    async with Upstream() as upstream, here(upstream, keys=keys) as it:
        del it.http.headers["authorization"]
        answer = await it.chat()
        wrong = await it.http.post("/v1/chat/completions", json=ASKING, headers={"authorization": "Bearer wrong"})
        records = it.kept.records
    assert (answer.status_code, wrong.status_code) == (401, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert [each.signals for each in records] == [(Signal.NO_KEY,), (Signal.UNKNOWN_KEY,)]
    assert keys.asked == [{"address": "127.0.0.1"}] * 2
    assert not upstream.requests


@pytest.mark.parametrize("presented", [None, "wrong"])
async def test_of_a_caller_without_a_right_key_no_body_is_read(presented):
    async def body():
        raise AssertionError("the body was asked for")
        yield b""

    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {presented}"} if presented else {})
    async with here("http://127.0.0.1:9/v1", keys=OneKey()) as it:
        del it.http.headers["authorization"]
        answer = await it.http.post("/v1/chat/completions", content=body(), headers=headers)
    assert answer.status_code == 401


async def test_the_book_of_keys_is_asked_and_told():
    keys = OneKey(customer="acme-7", signals=(Signal.SPIKE_OF_REQUESTS,))
    async with Upstream() as upstream, here(upstream, keys=keys) as it:
        answer = await it.chat(max_tokens=100)
        await it.chat(stream=True)
        await it.chat(store=True)
        records = it.kept.records
    asked = keys.asked[0]
    assert (asked["endpoint"], asked["route"], asked["address"]) == ("chat.completions", "chat", "127.0.0.1")
    assert asked["tokens"] > 100
    assert keys.released == records
    assert {(each.key, each.customer, each.signals) for each in records} == {
        ("key1", "acme-7", (Signal.SPIKE_OF_REQUESTS,))
    }
    assert answer.headers["x-ratelimit-remaining-requests"] == "9"


async def test_models_are_those_that_are_cleared():
    async with here("http://127.0.0.1:9/v1") as it:
        listed = (await it.http.get("/v1/models")).json()
        one = await it.http.get("/v1/models/chat")
        none = await it.http.get("/v1/models/nonesuch")
        it.router.trust.revoke("account:a", "test")
        revoked = (await it.http.get("/v1/models")).json()
    assert listed["data"] == [one.json()]
    assert one.json()["id"] == "chat"
    zdr = one.json()["zdr"]
    assert zdr["grade"] == "contracted"
    assert zdr["endpoints"] == ["chat.completions", "embeddings"]
    assert zdr["configurations"][0]["configuration"] == "llama-cpp/self-operated"
    assert (none.status_code, none.json()["error"]["code"]) == (404, "model_not_found")
    assert revoked == {"object": "list", "data": []}


async def test_models_are_those_that_the_key_may_use():
    keys = OneKey(routes=frozenset({"other"}))
    async with here("http://127.0.0.1:9/v1", keys=keys) as it:
        listed = await it.http.get("/v1/models")
    assert listed.json()["data"] == []


async def test_a_request_is_explained_without_being_sent():
    async with Upstream() as upstream, here(upstream) as it:
        fine = await it.http.post("/v1/explain", json={"model": "chat"})
        stored = await it.http.post("/v1/explain", json={**ASKING, "store": True})
    assert fine.json()["planned"][0]["configuration"] == "llama-cpp/self-operated"
    assert stored.json()["planned"] == []
    assert stored.json()["refusals"][0]["id"] == "ZDR603"
    assert "a/m" not in fine.text + stored.text
    assert not upstream.requests


async def test_metadata_in_the_body_where_it_is_asked_for():
    async with Upstream() as upstream, here(upstream, settings=HopSettings(models=True)) as it:
        headers = {"x-zdr-metadata": "body"}
        whole = await it.http.post("/v1/chat/completions", json=ASKING, headers=headers)
        stream = await it.http.post("/v1/chat/completions", json={**ASKING, "stream": True}, headers=headers)
    told = whole.json()["zdr"]
    assert told["configuration"] == "llama-cpp/self-operated"
    assert told["attempts"][0]["outcome"] == "ok"
    assert "target" not in told
    assert whole.headers["x-zdr-target"] == "llama-cpp/self-operated/m"
    assert json.loads(events(stream.text)[-2])["zdr"]["request_id"] == stream.headers["x-request-id"]


async def test_a_callers_own_id_is_given_back_and_not_kept():
    async with Upstream() as upstream, here(upstream) as it:
        fine = await it.http.get("/healthz", headers={"x-request-id": CONTENT})
        long = await it.http.get("/healthz", headers={"x-request-id": "x" * 65})
        odd = await it.http.get("/healthz", headers={b"x-request-id": b"\xc3\xa9"})
        await it.http.post("/v1/chat/completions", json=ASKING, headers={"x-client-request-id": CONTENT})
        (record,) = it.kept.records
    assert fine.headers["x-client-request-id"] == CONTENT
    assert fine.headers["x-request-id"] != CONTENT
    assert "x-client-request-id" not in long.headers
    assert "x-client-request-id" not in odd.headers
    assert CONTENT not in repr(record)


async def test_ready_until_it_closes():
    async with here("http://127.0.0.1:9/v1") as it:
        ready = await it.http.get("/readyz")
        it.app.close()
        closing = await it.http.get("/readyz")
        alive = await it.http.get("/healthz")
        chat = await it.chat()
    assert [each.status_code for each in (ready, closing, alive, chat)] == [200, 503, 200, 503]
    assert chat.json()["error"]["code"] == "closing"


async def test_counts_are_for_whoever_has_their_key():
    settings = HopSettings(metrics_key=Sealed("secret"))
    async with Upstream() as upstream, here(upstream, settings=settings) as it:
        await it.chat()
        await it.chat(store=True)
        none = await it.http.get("/metrics")
        some = await it.http.get("/metrics", headers={"authorization": "Bearer secret"})
    assert none.status_code == 401
    assert 'zdr_requests_total{operation="chat.completions",status="200"} 1' in some.text
    assert 'zdr_errors_total{code="zdr_refused"} 1' in some.text
    assert 'zdr_tokens_total{kind="output"} 3' in some.text
    assert 'zdr_request_seconds_bucket{operation="chat.completions",le="+Inf"} 2' in some.text


async def test_without_a_key_for_them_there_are_no_counts():
    async with here("http://127.0.0.1:9/v1") as it:
        answer = await it.http.get("/metrics")
    assert answer.status_code == 404


async def test_a_page_of_another_site_is_turned_away():
    async with here("http://127.0.0.1:9/v1", settings=HopSettings(hosts=LOOPBACK_NAMES)) as it:
        rebound = await it.http.post("/v1/chat/completions", json=ASKING, headers={"host": "evil.example:8080"})
        foreign = await it.http.post(
            "/v1/chat/completions", json=ASKING, headers={"origin": "https://evil.example", "host": "127.0.0.1:8080"}
        )
        fine = await it.http.get("/healthz", headers={"host": "[::1]:8080", "origin": "http://localhost:3000"})
        signals = [each.signals for each in it.kept.records]
    assert [each.status_code for each in (rebound, foreign, fine)] == [421, 403, 200]
    assert signals == [(Signal.FOREIGN_HOST,), (Signal.FOREIGN_ORIGIN,)]


async def test_a_page_may_stand_beside_the_api():
    async def page(scope, receive, send):  # noqa: ARG001 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a page"})

    async with here("http://127.0.0.1:9/v1", page=page) as it:
        shown = await it.http.get("/")
        api = await it.http.get("/v1/nothing")
    assert shown.text == "a page"
    assert api.status_code == 404


async def test_a_fault_of_ours_is_told_without_a_word_of_the_request(caplog):
    def broken(*_args):
        raise ValueError(CONTENT)

    caplog.set_level(logging.DEBUG)
    async with here("http://127.0.0.1:9/v1") as it:
        it.router.answer = broken
        answer = await it.chat()
        (record,) = it.kept.records
    assert answer.status_code == 500
    assert record.error_code is ErrorCode.INTERNAL
    assert CONTENT not in answer.text + caplog.text


async def test_a_server_opens_and_closes_the_router_by_the_lifespan():
    async with Upstream() as upstream:
        router = router_over(upstream)
        app = gateway.app(router)
        said: asyncio.Queue[str] = asyncio.Queue()
        told: asyncio.Queue[dict[str, str]] = asyncio.Queue()

        async def send(message):
            await said.put(message["type"])

        living = asyncio.create_task(app({"type": "lifespan"}, told.get, send))
        await told.put({"type": "lifespan.startup"})
        assert await said.get() == "lifespan.startup.complete"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
            answer = await http.post("/v1/chat/completions", json=ASKING)
        await told.put({"type": "lifespan.shutdown"})
        assert await said.get() == "lifespan.shutdown.complete"
        await living
    assert answer.status_code == 200
    assert not router.is_open


async def test_the_access_log_is_one_line_of_words_that_are_ours(caplog):
    caplog.set_level(logging.INFO, logger="zdr_router")
    async with Upstream() as upstream, here(upstream) as it:
        await it.http.post(f"/v1/chat/completions?{CONTENT}", json=ASKING)
        await it.http.get(f"/{CONTENT}")
    lines = [each.getMessage() for each in caplog.records if each.msg.startswith("answered")]
    assert [line.split(" operation=")[1].split(" error")[0] for line in lines] == [
        "chat.completions status=200",
        "unknown status=404",
    ]
    assert CONTENT not in caplog.text
