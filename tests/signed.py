"""Accounts whose requests are signed, and routers over them that ask a token endpoint of a test."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from typing import TYPE_CHECKING, Any

import upstream as up
from deployments import configuration, one_authority, registry
from upstream import Upstream

from zdr_router import Account, AsyncRouter, Policy, RouteEntry
from zdr_router.credentials.signers import Signers
from zdr_router.driver.attempt import Sender
from zdr_router.driver.signing import fetch_over

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from upstream import Behaviour

    from zdr_router.credentials.base import Signer
    from zdr_router.policy.target import Target

CANARY = "canary-of-a-secret-5d1"
ENVIRON = {
    "AWS_ID": "AKIDEXAMPLE",
    "AWS_SECRET": CANARY,
    "AWS_TOKEN": f"{CANARY}/session==",
    "ENTRA_SECRET": CANARY,
    "IBM_KEY": CANARY,
}
TENANT, APPLICATION = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
STATED: dict[str, dict[str, Any]] = {
    "aws_sigv4": {
        "credentials": {
            "access_key_id": {"env": "AWS_ID"},
            "secret_access_key": {"env": "AWS_SECRET"},
            "session_token": {"env": "AWS_TOKEN"},
        }
    },
    "google": {"credentials": {"service_account": {"env": "GOOGLE_KEY"}}},
    "azure_ad": {
        "credentials": {"tenant_id": TENANT, "client_id": APPLICATION, "client_secret": {"env": "ENTRA_SECRET"}}
    },
    "ibm_iam": {"api_key": {"env": "IBM_KEY"}},
}
FETCHED = ("azure_ad", "ibm_iam")
"""Ways that ask for a token and need no library."""


class Clock:
    """The time of day, which a test moves on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@functools.cache
def service_account() -> str:
    """The JSON key of a service account of nobody's."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - comes with google-auth
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "k-1",
            "private_key": pem,
            "client_email": "router@p.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


def signed(auth: str, url: str = "http://127.0.0.1:9/v1", **members: Any) -> Any:
    """A configuration whose requests are signed that way."""
    return configuration(hosts=[url], **{"credentials": {"auth": auth}, "regions": ["eu-central-1"], **members})


def made(auth: str, url: str = "http://127.0.0.1:9/v1", **members: Any) -> AsyncRouter:
    """A router with one account, `a`, and the route `chat`."""
    one = signed(auth, url, **members)
    environ = {**ENVIRON, "GOOGLE_KEY": service_account()} if auth == "google" else ENVIRON
    return AsyncRouter(
        registry=registry(one),
        policy=Policy(minimum_grade="documented"),
        accounts={"a": Account.model_validate({"configuration": one.id, **STATED[auth]})},
        routes={"chat": RouteEntry(targets=["a/m"], retries=0)},
        transport=one_authority(),
        environ=environ,
    )


def target(auth: str, **members: Any) -> Target:
    return made(auth, **members).deployment.targets[0]


@contextlib.asynccontextmanager
async def signing_router(
    auth: str, server: Upstream, tokens: Upstream | None = None, clock: Clock | None = None
) -> AsyncIterator[AsyncRouter]:
    """A router over `server` that asks `tokens` for its tokens."""
    ticking = clock or Clock()
    endpoints = {} if tokens is None else {auth: f"http://127.0.0.1:{tokens.port}"}
    async with AsyncRouter.of(made(auth, server.url).deployment, clock=ticking) as router:
        transport = router._service.running.sender._transport
        targets = router.deployment.targets
        async with Signers(targets, fetch_over(transport), ticking, endpoints=endpoints) as signers:
            router._service.running.sender = Sender(transport, router.trust, ticking, signers.by_account)
            yield router


@contextlib.asynccontextmanager
async def signing(
    auth: str, *answers: Behaviour, otherwise: Behaviour | None = None, clock: Clock | None = None
) -> AsyncIterator[tuple[AsyncRouter, Upstream, Upstream]]:
    """A router, its upstream, and a token endpoint that gives these answers."""
    async with (
        Upstream() as server,
        Upstream(*answers, otherwise=otherwise) as endpoint,
        signing_router(auth, server, endpoint, clock) as router,
    ):
        yield router, server, endpoint


@contextlib.asynccontextmanager
async def with_signer(router: AsyncRouter, signer: Signer) -> AsyncIterator[AsyncRouter]:
    """The router, with another signer for its one account."""
    async with router:
        service = router._service
        service.running.sender = Sender(service.running.sender._transport, router.trust, service.clock, {"a": signer})
        yield router


def token(text: str = "token-1", *, lifetime: object = 3600, **members: object) -> Behaviour:
    """A token endpoint's answer."""
    return up.says({"access_token": text, "expires_in": lifetime, "token_type": "Bearer", **members})
