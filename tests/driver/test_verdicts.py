"""Over real sockets: what each way of failing comes to, for whole answers and for streams."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import SAYING, router
from upstream import Upstream

from zdr_router import Exhausted, InvalidRequest, Metadata, RouterError
from zdr_router.metadata import ErrorCode, Outcome
from zdr_router.routing.failures import CONSEQUENCES
from zdr_router.routing.health import HealthEvent

if TYPE_CHECKING:
    from upstream import Behaviour

    from zdr_router import AsyncRouter

MEANT = {"error": {"message": "you have hit the rate limit, quota exceeded", "type": "invalid_request_error"}}


@dataclass(frozen=True)
class Case:
    name: str
    behaviour: Behaviour
    outcome: Outcome
    error: type[RouterError]
    status: int
    code: ErrorCode
    http_status: int | None
    stream_only: bool = False
    whole_only: bool = False


def bad(name: str, behaviour: Behaviour, outcome: Outcome, http_status: int | None, **members: Any) -> Case:
    """A failure of the target's."""
    return Case(name, behaviour, outcome, Exhausted, 502, ErrorCode.EXHAUSTED, http_status, **members)


def wrong(  # noqa: PLR0913, PLR0917 - a row of the table
    name: str, behaviour: Behaviour, outcome: Outcome, status: int, code: ErrorCode, http_status: int
) -> Case:
    """A no."""
    return Case(name, behaviour, outcome, InvalidRequest, status, code, http_status)


def busy(name: str, behaviour: Behaviour, outcome: Outcome, http_status: int) -> Case:
    return Case(name, behaviour, outcome, Exhausted, 429, ErrorCode.RATE_LIMITED, http_status)


INVALID, REFUSAL, TOO_LONG = ErrorCode.INVALID_REQUEST, ErrorCode.PROVIDER_REFUSAL, ErrorCode.CONTEXT_TOO_LONG

CASES = [
    wrong("400", up.error(400), Outcome.CALLER_FAULT, 400, INVALID, 400),
    wrong("422", up.error(422), Outcome.CALLER_FAULT, 422, INVALID, 422),
    wrong("400 that echoes a prompt on rate limits", up.status(400, MEANT), Outcome.CALLER_FAULT, 400, INVALID, 400),
    wrong("another 4xx", up.error(418), Outcome.CALLER_FAULT, 400, INVALID, 418),
    wrong("content filter", up.error(400, code="content_filter"), Outcome.PROVIDER_REFUSAL, 400, REFUSAL, 400),
    wrong("moderation", up.error(403, code="moderation_blocked"), Outcome.PROVIDER_REFUSAL, 400, REFUSAL, 403),
    wrong("too long", up.error(400, code="context_length_exceeded"), Outcome.CONTEXT_TOO_LONG, 400, TOO_LONG, 400),
    wrong("too large", up.error(413), Outcome.CONTEXT_TOO_LONG, 400, TOO_LONG, 413),
    busy("429", up.error(429), Outcome.RATE_LIMITED, 429),
    busy("429 for lack of money", up.error(429, code="insufficient_quota"), Outcome.QUOTA, 429),
    busy("402", up.error(402), Outcome.QUOTA, 402),
    busy("rate limit in a 200", up.says({"error": {"code": 429}}), Outcome.RATE_LIMITED, 200),
    bad("401", up.error(401), Outcome.CREDENTIAL, 401),
    bad("403", up.error(403), Outcome.CREDENTIAL, 403),
    bad("404", up.error(404), Outcome.MODEL_GONE, 404),
    bad("451", up.error(451), Outcome.REGION_BLOCKED, 451),
    bad("307", up.redirect(307, "http://127.0.0.1:9/"), Outcome.REDIRECTED, 307),
    bad("500", up.error(500), Outcome.TRANSIENT, 500),
    bad("503 of a proxy", up.status(503, b"<html>busy</html>"), Outcome.TRANSIENT, 503),
    bad("201", up.status(201, {}), Outcome.MALFORMED, 201),
    bad("204", up.status(204, b""), Outcome.MALFORMED, 204),
    bad("error in a 200", up.says({"error": {"message": "sorry"}}), Outcome.TRANSIENT, 200),
    bad("reset before the head", up.reset_before_head, Outcome.TRANSIENT, None),
    bad("no choices", up.says(up.completion() | {"choices": []}), Outcome.MALFORMED, 200, whole_only=True),
    bad("not JSON", up.status(200, b"<html>"), Outcome.MALFORMED, 200, whole_only=True),
    bad("no finish reason", up.says(up.completion(finish=None)), Outcome.TRUNCATED, 200, whole_only=True),
    bad("reset after the head", up.reset_after_head, Outcome.TRUNCATED, 200, whole_only=True),
    bad("cut", up.cut_body, Outcome.TRUNCATED, 200, whole_only=True),
    bad("an empty stream", up.stream([], done=False), Outcome.TRUNCATED, 200, stream_only=True),
    bad("a stream that is only done", up.stream([]), Outcome.TRUNCATED, 200, stream_only=True),
    bad("a role and no more", up.stream(up.chunks([], finish=None)), Outcome.TRUNCATED, 200, stream_only=True),
    bad("an error event", up.stream([{"error": {"message": "sorry"}}]), Outcome.TRANSIENT, 200, stream_only=True),
    bad("an event that is no chunk", up.stream([[1]]), Outcome.MALFORMED, 200, stream_only=True),
    bad("reset after a role", up.stream_then(up.chunks([], finish=None), up.reset_before_head), Outcome.TRUNCATED, 200,
        stream_only=True),
]  # fmt: skip
WAYS = [
    pytest.param(case, way, id=f"{case.name}, {way}")
    for case in CASES
    for way in ("whole", "stream")
    if not (case.stream_only and way == "whole") and not (case.whole_only and way == "stream")
]


class Kept:
    """A recorder."""

    def __init__(self) -> None:
        self.all: list[Metadata] = []

    def record(self, metadata: Metadata) -> None:
        self.all.append(metadata)


async def ask(open_router: AsyncRouter, way: str, **members: Any) -> tuple[str, Metadata]:
    """Text and metadata of an answer, whole or streamed."""
    if way == "whole":
        answer = await open_router.chat(model="chat", messages=SAYING, **members)
        return answer.text, answer.metadata
    text = ""
    async with open_router.stream_chat(model="chat", messages=SAYING, **members) as stream:
        async for chunk in stream:
            text += "".join(choice["delta"].get("content", "") for choice in chunk["choices"])
    return text, stream.metadata


def health_of(open_router: AsyncRouter, target: str) -> Any:
    return open_router._service.engine._stores.health.apply(target, HealthEvent("asked"), 0.0)


def told_all(metadata: Metadata, success: Metadata) -> None:
    """A failure's metadata says everything that a success's does, but who answered and how much."""
    answered = {"target", "configuration", "model", "attestation", "input_tokens", "output_tokens", "cached_tokens",
                "first_chunk_ms"}  # fmt: skip
    for name in Metadata._fields:
        here, there = getattr(metadata, name), getattr(success, name)
        assert (here is None) == (there is None) or name in {*answered, "error_code"}, name
    assert metadata.as_dict().keys() == success.as_dict().keys()
    assert metadata.policy_digest == success.policy_digest
    assert metadata.registry_digest == success.registry_digest
    assert metadata.route == "chat"
    assert metadata.duration_ms > 0
    assert metadata.error_code is not None


@pytest.mark.parametrize(("case", "way"), WAYS)
async def test_each_failure_has_its_outcome_its_error_and_full_metadata(case, way):
    kept = Kept()
    async with Upstream(up.ok(), case.behaviour) as server, router(server, recorders=[kept]) as open_router:
        _, success = await ask(open_router, way)
        with pytest.raises(case.error) as raised:
            await ask(open_router, way)
        metadata = raised.value.metadata
        assert type(raised.value) is case.error
        assert (metadata.status, metadata.error_code) == (case.status, case.code)
        assert [(each.target, each.outcome) for each in metadata.attempts] == [("a/m", case.outcome)]
        attempt = metadata.attempts[0]
        assert (attempt.http_status, attempt.sent, attempt.configuration) == (
            case.http_status,
            "maybe",
            "llama-cpp/self-operated",
        )
        told_all(metadata, success)
        assert kept.all == [success, metadata]
        if isinstance(raised.value, InvalidRequest):
            assert raised.value.status == metadata.status
        else:
            assert raised.value.attempts == metadata.attempts
        health = health_of(open_router, "a/m")
        assert health.failures == (1 if CONSEQUENCES[case.outcome].hurts else 0)
        assert (health.not_before > 0.0) == (case.outcome is Outcome.RATE_LIMITED)


@pytest.mark.parametrize(("case", "way"), WAYS)
async def test_the_next_target_is_asked_after_luck_has_failed_and_not_after_a_no(case, way):
    async with up.upstreams([case.behaviour], []) as servers, router(*servers) as open_router:
        if not CONSEQUENCES[case.outcome].moves_on:
            with pytest.raises(case.error):
                await ask(open_router, way)
            assert servers[1].requests == []
            return
        text, metadata = await ask(open_router, way)
        assert text == "ok"
        assert metadata.target == "b/m"
        assert [each.outcome for each in metadata.attempts] == [case.outcome, Outcome.OK]
        assert (metadata.status, metadata.error_code) == (200, None)
        assert [len(server.requests) for server in servers] == [1, 1]


def test_every_outcome_that_a_provider_can_bring_about_is_tried_here():
    elsewhere = {Outcome.OK, Outcome.UNREACHABLE, Outcome.TIMEOUT, Outcome.CONTRADICTED, Outcome.CANCELLED,
                 Outcome.UNCLEARED, Outcome.GUARDED}  # fmt: skip
    assert {case.outcome for case in CASES} == set(Outcome) - elsewhere


@pytest.mark.parametrize("way", ["whole", "stream"])
async def test_a_target_that_nobody_listens_at_is_unreachable_and_was_sent_nothing(way):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with router(f"http://127.0.0.1:{closed.getsockname()[1]}/v1") as open_router:
            with pytest.raises(Exhausted) as raised:
                await ask(open_router, way)
            tried = [(each.outcome, each.sent, each.http_status) for each in raised.value.attempts]
            assert tried == [(Outcome.UNREACHABLE, "no", None)] * 2
            assert raised.value.metadata.status == 502
            assert health_of(open_router, "a/m").failures == 1


@pytest.mark.parametrize("way", ["whole", "stream"])
async def test_when_all_have_failed_every_cause_is_told_in_order(way):
    scripts = [[up.error(500)], [up.error(429)], [up.error(401)], [up.reset_before_head]]
    async with up.upstreams(*scripts) as servers, router(*servers) as open_router:
        with pytest.raises(Exhausted) as raised:
            await ask(open_router, way)
    expected = [Outcome.TRANSIENT, Outcome.RATE_LIMITED, Outcome.CREDENTIAL, Outcome.TRANSIENT]
    assert [each.outcome for each in raised.value.attempts] == expected
    assert [each.target for each in raised.value.attempts] == ["a/m", "b/m", "c/m", "d/m"]
    starts = [each.started_ms for each in raised.value.attempts]
    assert starts == sorted(starts)
    assert raised.value.metadata.status == 502
    assert all(name in str(raised.value) for name in ("a/m: transient", "b/m: rate_limited", "c/m: credential"))


async def test_when_all_are_busy_the_status_is_429():
    async with up.upstreams([up.error(429)], [up.error(402)]) as servers, router(*servers) as open_router:
        with pytest.raises(Exhausted) as raised:
            await ask(open_router, "whole")
    assert (raised.value.metadata.status, raised.value.metadata.error_code) == (429, ErrorCode.RATE_LIMITED)


async def test_a_request_too_long_for_one_target_may_fit_the_next():
    scripts = ([up.error(400, code="context_length_exceeded")], [])
    async with up.upstreams(*scripts) as servers, router(*servers) as open_router:
        _, metadata = await ask(open_router, "whole")
    assert metadata.target == "b/m"


async def test_attempts_are_bounded_by_the_route_and_not_multiplied():
    async with up.upstreams(*[up.error(500)] * 4) as servers, router(*servers, max_attempts=3) as open_router:
        with pytest.raises(Exhausted):
            await ask(open_router, "whole")
        assert [len(server.requests) for server in servers] == [1, 1, 1, 0]
