"""The façade for async hosts: answers, streams, embeds and explains."""

from __future__ import annotations

import logging
import random as chance
import secrets
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final, Self

from zdr_router.answers import ChatCompletion, ChatStream, Embeddings, Explanation, Planned
from zdr_router.config import RouteEntry, assemble, load, route_of
from zdr_router.credentials.signers import Signers
from zdr_router.driver.attempt import Sender
from zdr_router.driver.codecs import load_codecs, spoken
from zdr_router.driver.engine import Ask, Engine
from zdr_router.driver.signing import fetch_over
from zdr_router.driver.stream import StreamRun
from zdr_router.errors import InvalidRequest
from zdr_router.policy.calendar import DAY, end_of
from zdr_router.policy.clearing import Clearing
from zdr_router.registry import Registry
from zdr_router.sealed import Sealed
from zdr_router.state.memory import MemoryHealth
from zdr_router.state.trust import MemoryTrust

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from zdr_router.config import Deployment, Tenant
    from zdr_router.policy.accounts import Account
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.policy import Policy
    from zdr_router.records.base import Recorder
    from zdr_router.transport.settings import TransportSettings

log = logging.getLogger("zdr_router")

_WARN_AHEAD = 30 * DAY
NO_CONTENT: Final[Sequence[Mapping[str, object]]] = ({"role": "user", "content": ""},)
"""What `explain` looks at when it is given no messages."""


class AsyncRouter:
    """Sends requests to cleared targets only. Use it as an async context manager; it holds the connections.

    `chat`, `stream_chat` and `embed` take OpenAI's parameters as keywords, and besides:
    `tenant` (whose request it is), `customer` (an identifier of yours, for the record), `policy` (tightens for this
    call only) and `timeout` (seconds for the whole request; it can only shorten the route's).

    They raise `InvalidRequest`, `Refused`, `Exhausted`, and a stream also `StreamBroken`.
    """

    def __init__(  # noqa: PLR0913 - the parts of a deployment, each by name
        self,
        *,
        policy: Policy,
        accounts: Mapping[str, Account],
        routes: Mapping[str, RouteEntry | Sequence[str]],
        registry: Registry | None = None,
        tenants: Mapping[str, Tenant] | None = None,
        transport: TransportSettings | None = None,
        recorders: Sequence[Recorder] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Build from values; a route may be given as a list of its targets. Raises `ConfigError`."""
        entries = {
            name: route if isinstance(route, RouteEntry) else route_of(name, route) for name, route in routes.items()
        }
        deployment = assemble(
            registry=registry or Registry.shipped(),
            policy=policy,
            accounts=accounts,
            routes=entries,
            tenants=tenants,
            transport=transport,
            environ=environ,
        )
        self._set_up(deployment, recorders, time.time, chance.random)

    @classmethod
    def from_config(
        cls, path: Path | str, *, recorders: Sequence[Recorder] = (), environ: Mapping[str, str] | None = None
    ) -> Self:
        """Build from the operator's file. Raises `ConfigError` with file and line."""
        return cls.of(load(path, environ), recorders=recorders)

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        *,
        recorders: Sequence[Recorder] = (),
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = chance.random,
    ) -> Self:
        """Build from a deployment, with a clock (seconds since the epoch) and a source of chance of your own."""
        router = cls.__new__(cls)
        router._set_up(deployment, recorders, clock, random)  # noqa: SLF001 - its own
        return router

    def _set_up(
        self,
        deployment: Deployment,
        recorders: Sequence[Recorder],
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.deployment = deployment
        self.trust = MemoryTrust()
        self._clock = clock
        self._sender: Sender | None = None
        self._stack = AsyncExitStack()
        self._engine = Engine(
            deployment,
            clearing=Clearing(dialects=spoken(), salt_key=secrets.token_bytes(32)),
            trust=self.trust,
            health=MemoryHealth(),
            recorders=recorders,
            clock=clock,
            random=random,
        )

    async def __aenter__(self) -> Self:
        """Open the connections' pool, and load what a target's dialect needs. Raises `ConfigError`."""
        # aiohttp is loaded here, so that `import zdr_router` stays light.
        from zdr_router.transport.aiohttp import AiohttpTransport  # noqa: PLC0415

        codecs = await load_codecs(
            {each.configuration.dialect: each.account_source for each in self.deployment.targets}
        )
        transport = AiohttpTransport(self.deployment.transport)
        signers = Signers(self.deployment.targets, fetch_over(transport), self._clock)
        await self._stack.enter_async_context(transport)
        await self._stack.enter_async_context(signers)
        self._sender = Sender(transport, self.trust, self._clock, signers.by_account, codecs)
        self._warn_of_expiries()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self._sender = None
        await self._stack.aclose()

    # The methods below take content and return a coroutine rather than being one: their frames, in which
    # content has names, are gone before anything can go wrong that an error tracker would print.

    def chat(  # noqa: PLR0913 - OpenAI's parameters, and four of ours
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, object]],
        tenant: str | None = None,
        customer: str | None = None,
        policy: Policy | None = None,
        timeout: float | None = None,
        **parameters: object,
    ) -> Coroutine[Any, Any, ChatCompletion]:
        """Answer a chat; `model` is the name of a route."""
        body = {"model": model, "messages": messages, **parameters}
        return self._chat(_ask("chat.completions", body, tenant, customer, policy, timeout))

    def stream_chat(  # noqa: PLR0913 - OpenAI's parameters, and four of ours
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, object]],
        tenant: str | None = None,
        customer: str | None = None,
        policy: Policy | None = None,
        timeout: float | None = None,
        **parameters: object,
    ) -> ChatStream:
        """Answer a chat as a stream: `async with router.stream_chat(…) as stream: async for chunk in stream: …`."""
        body = {"model": model, "messages": messages, **parameters, "stream": True}
        ask = _ask("chat.completions", body, tenant, customer, policy, timeout)
        return ChatStream(StreamRun(self._engine, self._ready, ask))

    def embed(  # noqa: PLR0913 - OpenAI's parameters, and four of ours
        self,
        *,
        model: str,
        input: str | Sequence[object],  # noqa: A002 - OpenAI's name
        tenant: str | None = None,
        customer: str | None = None,
        policy: Policy | None = None,
        timeout: float | None = None,
        **parameters: object,
    ) -> Coroutine[Any, Any, Embeddings]:
        """Turn texts into vectors."""
        body = {"model": model, "input": input, **parameters}
        return self._embed(_ask("embeddings", body, tenant, customer, policy, timeout))

    def explain(
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, object]] = NO_CONTENT,
        tenant: str | None = None,
        policy: Policy | None = None,
        endpoint: str = "chat.completions",
        **parameters: object,
    ) -> Explanation:
        """Say who would serve a request, in which order, and why the others may not. No I/O, nothing is recorded."""
        content = {} if endpoint == "embeddings" else {"messages": messages}
        ask = _ask(endpoint, {"model": model, **content, **parameters}, tenant, None, policy, None)
        del model, messages, tenant, parameters, content  # a traceback shows what the names of its frames stand for
        at = time.monotonic()
        prepared = self._engine.read(ask, at)
        plan = self._engine.plan(prepared, at)
        return Explanation(prepared.route.name, tuple(map(_planned, plan.clearances)), plan.refusals, plan.resting)

    async def _chat(self, ask: Ask) -> ChatCompletion:
        if ask.stream:
            raise InvalidRequest("`chat` gives whole answers; use `stream_chat` for a stream", param="stream")
        decoded, metadata = await self._engine.answer(ask, self._ready())
        return ChatCompletion(decoded.body, metadata)

    async def _embed(self, ask: Ask) -> Embeddings:
        decoded, metadata = await self._engine.answer(ask, self._ready())
        return Embeddings(decoded.body, metadata)

    def _ready(self) -> Sender:
        if self._sender is None:
            message = "the router is not open: use `async with` around it"
            raise RuntimeError(message)
        return self._sender

    def _warn_of_expiries(self) -> None:
        """Lapsing must not be an outage: say so a month ahead."""
        now = self._clock()
        for name, end in sorted(_expiries(self.deployment).items()):
            if end <= now:
                log.warning("attestation has expired configuration=%s", name)
            elif end - now < _WARN_AHEAD:
                log.warning("attestation expires soon configuration=%s days=%d", name, (end - now) // DAY)


def _ask(  # noqa: PLR0913, PLR0917 - what a caller gives, in one place
    endpoint: str,
    body: dict[str, Any],
    tenant: str | None,
    customer: str | None,
    policy: Policy | None,
    timeout: float | None,
) -> Ask:
    """The call with its body sealed. JSON has lists only, so a tuple of messages or inputs is taken as one."""
    for name in ("messages", "input"):
        if isinstance(body.get(name), tuple):
            body[name] = list(body[name])
    stream = body.get("stream") is True
    return Ask(endpoint, Sealed(body), stream, tenant, customer, policy, timeout)


def _planned(clearance: Clearance) -> Planned:
    target = clearance.target
    forced = tuple(forced.name for forced in clearance.forced)
    cache = target.configuration.cache.medium
    return Planned(target.id, target.configuration.id, target.model, clearance.until, cache, forced)


def _expiries(deployment: Deployment) -> dict[str, float]:
    """The end of the attestation of every configuration that a route uses."""
    return {
        target.configuration.id: end_of(target.configuration.attestation.expires)
        for route in deployment.routes.values()
        for target in route.targets
        if target.configuration.attestation.expires is not None
    }
