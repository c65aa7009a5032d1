"""Signed requests from end to end: what arrives at the provider and at the token endpoint, and what does not."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from urllib.parse import parse_qs

import pytest
import upstream as up
from deployments import SAYING
from here import needs_extra
from signed import (
    APPLICATION,
    CANARY,
    FETCHED,
    TENANT,
    Clock,
    made,
    service_account,
    signing,
    signing_router,
    token,
    with_signer,
)
from upstream import Upstream

from zdr_router import Exhausted
from zdr_router.metadata import Outcome

HOUR = 3600


async def chat(router, **parameters):
    return await router.chat(model="chat", messages=SAYING, **parameters)


async def outcome(router, **parameters) -> tuple[Outcome, str, int | None]:
    """How the one attempt ended."""
    with pytest.raises(Exhausted) as raised:
        await chat(router, **parameters)
    (attempt,) = raised.value.attempts
    assert CANARY not in repr(raised.value) + str(raised.value) + repr(raised.value.metadata)
    return attempt.outcome, attempt.sent, attempt.http_status


@pytest.mark.parametrize("auth", FETCHED)
async def test_a_token_is_bought_with_the_secret_and_the_provider_gets_the_token_alone(auth):
    async with signing(auth, otherwise=token()) as (router, server, tokens):
        for _ in range(3):
            await chat(router)
        async with router.stream_chat(model="chat", messages=SAYING) as stream:
            assert [chunk async for chunk in stream]
    assert [each.headers["authorization"] for each in server.requests] == ["Bearer token-1"] * 4
    assert CANARY not in str(server.requests)
    (asked,) = tokens.requests
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in asked.headers
    assert CANARY.encode() in asked.body
    assert b"hello" not in asked.body
    if auth == "azure_ad":
        assert asked.path == f"/{TENANT}/oauth2/v2.0/token"
        assert parse_qs(asked.body.decode())["client_id"] == [APPLICATION]


async def test_a_service_account_states_who_it_is_and_its_key_stays_here():
    needs_extra("google", "google.auth")
    async with signing("google", otherwise=token()) as (router, server, tokens):
        await chat(router)
    assert server.requests[0].headers["authorization"] == "Bearer token-1"
    form = parse_qs(tokens.requests[0].body.decode())
    assert form.keys() == {"grant_type", "assertion"}
    assert "PRIVATE KEY" in service_account()
    assert "PRIVATE" not in str(tokens.requests)


async def test_keys_of_aws_sign_what_arrives_and_stay_here():
    needs_extra("aws", "botocore")
    async with Upstream() as server, signing_router("aws_sigv4", server) as router:
        await chat(router)
    (arrived,) = server.requests
    assert arrived.headers["x-amz-content-sha256"] == hashlib.sha256(arrived.body).hexdigest()
    assert arrived.headers["x-amz-security-token"] == f"{CANARY}/session=="
    assert re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-central-1/bedrock/aws4_request, "
        r"SignedHeaders=accept;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
        r"Signature=[0-9a-f]{64}",
        arrived.headers["authorization"],
    )
    assert arrived.headers["host"] == f"127.0.0.1:{server.port}"
    assert "accept" in arrived.headers


async def test_a_head_that_no_second_request_has_is_not_kept():
    needs_extra("aws", "botocore")
    async with Upstream() as server, signing_router("aws_sigv4", server) as router:
        await chat(router)
        assert router._service.running.sender._transport._pool.render.cache_info().currsize == 0


async def test_a_hundred_calls_at_once_buy_one_token():
    async with signing("ibm_iam", otherwise=token()) as (router, server, tokens):
        await asyncio.gather(*(chat(router) for _ in range(100)))
    assert (len(server.requests), len(tokens.requests)) == (100, 1)


async def test_a_token_that_lapsed_is_bought_again():
    clock = Clock()
    async with signing("ibm_iam", token("token-1"), otherwise=token("token-2"), clock=clock) as (
        router,
        server,
        tokens,
    ):
        await chat(router)
        clock.ahead += HOUR
        await chat(router)
    assert [each.headers["authorization"] for each in server.requests] == ["Bearer token-1", "Bearer token-2"]
    assert len(tokens.requests) == 2


FAILURES = {
    "no": (up.status(400, {"error": "invalid_grant", "error_description": CANARY}), Outcome.CREDENTIAL),
    "unknown": (up.status(401, {"error": "invalid_client"}), Outcome.CREDENTIAL),
    "busy": (up.status(429, {}), Outcome.TRANSIENT),
    "broken": (up.status(500, {}), Outcome.TRANSIENT),
    "no JSON": (up.status(200, b"<html>sign in</html>"), Outcome.TRANSIENT),
    "no token": (up.says({"expires_in": 3600}), Outcome.TRANSIENT),
    "far too long": (up.says({"access_token": "x", "expires_in": 3600, "more": "x" * 100_000}), Outcome.TRANSIENT),
    "cut": (up.cut_body, Outcome.TRANSIENT),
    "reset": (up.reset_before_head, Outcome.TRANSIENT),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_without_a_token_nothing_is_sent_and_the_next_request_asks_again(kind, caplog):
    behaviour, expected = FAILURES[kind]
    async with signing("ibm_iam", behaviour, otherwise=token()) as (router, server, _):
        with caplog.at_level(logging.DEBUG, logger="zdr_router"):
            assert await outcome(router) == (expected, "no", None)
        assert server.connections == 0
        await chat(router)
    assert CANARY not in caplog.text
    assert "outcome=" in caplog.text


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_of_a_token_endpoint_is_not_followed(code):
    async with Upstream() as server, Upstream() as elsewhere:
        away = up.redirect(code, f"http://127.0.0.1:{elsewhere.port}/token")
        async with Upstream(otherwise=away) as tokens, signing_router("ibm_iam", server, tokens) as router:
            assert await outcome(router) == (Outcome.TRANSIENT, "no", None)
        assert (elsewhere.connections, server.connections) == (0, 0)


async def test_a_token_endpoint_that_cannot_be_reached_lets_nothing_leave():
    async with Upstream() as server:
        async with Upstream() as gone:
            pass
        async with signing_router("ibm_iam", server, gone) as router:
            assert await outcome(router) == (Outcome.TRANSIENT, "no", None)
        assert server.connections == 0


async def test_a_token_endpoint_that_hangs_costs_a_call_its_own_deadline_and_no_more():
    async with Upstream() as server, Upstream(otherwise=up.hang) as tokens:
        closing = signing_router("ibm_iam", server, tokens)
        router = await closing.__aenter__()
        began = asyncio.get_running_loop().time()
        assert await outcome(router, timeout=0.2) == (Outcome.TIMEOUT, "no", None)
        assert asyncio.get_running_loop().time() - began < 2
        assert (server.connections, tokens.requests[0].gone_at) == (0, None)
        await closing.__aexit__(None, None, None)
        await asyncio.wait_for(tokens.requests[0].gone.wait(), 5)


async def test_a_caller_that_goes_away_takes_nobodys_token_along():
    released = asyncio.Event()
    async with signing("ibm_iam", up.when(released, token())) as (router, server, tokens):
        left, stays = (asyncio.create_task(chat(router)) for _ in range(2))
        await tokens.next_request()
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        released.set()
        assert (await stays).text == "ok"
    assert (len(server.requests), len(tokens.requests)) == (1, 1)


async def test_a_revocation_while_a_token_is_fetched_stops_the_request():
    released = asyncio.Event()
    async with signing("ibm_iam", up.when(released, token())) as (router, server, tokens):
        running = asyncio.create_task(outcome(router))
        await tokens.next_request()
        router.trust.revoke("account:a", "leaked")
        released.set()
        assert await running == (Outcome.UNCLEARED, "no", None)
        assert server.connections == 0


class Hostile:
    """A signer that does something besides."""

    def __init__(self, act, added=None) -> None:
        self.act = act
        self.added = {"authorization": "Bearer x"} if added is None else added

    async def sign(self, request, *, deadline):
        assert deadline > 0
        self.act(request)
        return self.added


ACTS = {
    "body": Hostile(lambda request: object.__setattr__(request, "body", type(request.body)((b'{"model":"m"}',)))),
    "path": Hostile(lambda request: object.__setattr__(request, "url", request.url + "/elsewhere")),
    "method": Hostile(lambda request: object.__setattr__(request, "method", "PUT")),
    "headers": Hostile(lambda request: request.headers.update({"x-new": "1"})),
    "another header": Hostile(lambda _: None, {"authorization": "Bearer x", "x-amz-meta": "1"}),
    "no signature": Hostile(lambda _: None, {}),
    "a line more": Hostile(lambda _: None, {"authorization": "Bearer x\r\nx-new: 1"}),
}


@pytest.mark.parametrize("act", ACTS)
async def test_a_signer_that_does_more_than_sign_is_stopped(act):
    async with Upstream() as server, with_signer(made("ibm_iam", server.url), ACTS[act]) as router:
        assert await outcome(router) == (Outcome.GUARDED, "no", None)
        assert server.connections == 0


async def test_a_signer_that_only_signs_is_not():
    async with Upstream() as server, with_signer(made("ibm_iam", server.url), Hostile(lambda _: None)) as router:
        await chat(router)
        assert server.requests[0].headers["authorization"] == "Bearer x"


async def test_where_nobody_signs_nothing_is_sent():
    async with Upstream() as server, with_signer(made("ibm_iam", server.url), None) as router:
        assert await outcome(router) == (Outcome.GUARDED, "no", None)
        assert server.connections == 0


@pytest.mark.parametrize("auth", FETCHED)
async def test_no_secret_and_no_token_is_shown_by_anything_that_is_kept(auth):
    async with signing(auth, otherwise=token(f"{CANARY}-token")) as (router, _, _):
        answer = await chat(router)
        signer = router._service.running.sender._signers["a"]
        shown = [answer.metadata, router.deployment, signer, signer.__dict__, router._service.running.sender.__dict__]
        assert CANARY not in repr(shown)
        assert f"{CANARY}-token" == signer._held.authorization.open().removeprefix("Bearer ")
