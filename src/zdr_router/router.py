"""The façade for async hosts: answers, streams, embeds and explains."""

from __future__ import annotations

import random as chance
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from zdr_router.answers import ChatCompletion, ChatStream, Embeddings, Explanation, Planned
from zdr_router.config import assemble, load, route_of
from zdr_router.driver.asking import Ask, ask_of
from zdr_router.driver.ended import ENDS
from zdr_router.driver.service import Service
from zdr_router.driver.stream import StreamRun
from zdr_router.driver.watching import Watch, follow_files
from zdr_router.entries import RouteEntry
from zdr_router.errors import InvalidRequest
from zdr_router.registry import Registry
from zdr_router.routing.health import HealthEvent
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from types import TracebackType

    from zdr_router.deployment import Deployment
    from zdr_router.entries import Tenant
    from zdr_router.metadata import ErrorCode, Metadata, Signal
    from zdr_router.policy.accounts import Account
    from zdr_router.policy.policy import Policy
    from zdr_router.records.base import Recorder
    from zdr_router.records.store.store import MetadataStore
    from zdr_router.state.trust import TrustStore
    from zdr_router.transport.settings import TransportSettings

NO_CONTENT: Final[Sequence[Mapping[str, object]]] = ({"role": "user", "content": ""},)
"""What `explain` looks at when it is given no messages."""


_NOTHING: Final[Sealed[Mapping[str, object]]] = Sealed({})


class AsyncRouter:
    """Sends requests to cleared targets only. Use it as an async context manager; it holds the connections.

    `chat`, `stream_chat` and `embed` take OpenAI's parameters as keywords, and besides:
    `tenant` (whose request it is), `customer` and `key` (identifiers of yours, for the record), `policy` (tightens for
    this call only), `timeout` (seconds for the whole request; it can only shorten the route's) and `signals` (what you
    noticed of it, for the record).

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
        cls,
        path: Path | str,
        *,
        recorders: Sequence[Recorder] = (),
        environ: Mapping[str, str] | None = None,
        watch: bool = False,
    ) -> Self:
        """Build from the operator's file. Raises `ConfigError` with file and line.

        With `watch` an open router looks at that file and all that it names every second, and reloads what has changed.
        """
        watched = Watch(Path(path)) if watch else None
        router = cls.of(load(path, environ), recorders=recorders)

        def read() -> Deployment:
            if watched is not None:
                watched.note()
            return load(path, environ)

        router._read, router._watch = read, watched  # noqa: SLF001 - its own
        return router

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
        self._service = Service(deployment, recorders, clock=clock, random=random)
        self._read: Callable[[], Deployment] | None = None
        self._watch: Watch | None = None

    @property
    def deployment(self) -> Deployment:
        """What requests are decided by now."""
        return self._service.deployment

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._service.running is not None

    @property
    def trust(self) -> TrustStore:
        """What was revoked and contradicted; it stays what it is when something is reloaded."""
        return self._service.trust

    @property
    def records(self) -> MetadataStore | None:
        """Where metadata is kept, if the operator's file says so: how much waits there, and how much was lost."""
        return self._service.records

    async def __aenter__(self) -> Self:
        """Open the connections' pool and the trust state, and load what a dialect needs. Raises `ConfigError`."""
        await self._service.open()
        if self._watch is not None:
            self._service.beside(follow_files(self._watch, self.reload))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._service.close()

    async def reload(self, deployment: Deployment | None = None) -> None:
        """Put `deployment`, or what the operator's file says now, in the place of what is in force; all of it at once.

        Requests that are under way obey it from their next attempt on. Raises `ConfigError`, and then everything stays
        as it was; `ValueError` without a deployment where the router was built from none of the operator's files.
        """
        if deployment is not None:
            await self._service.reload(lambda: deployment)
        elif self._read is not None:
            await self._service.reload(self._read)
        else:
            message = "the router was not built from a file: give `reload` a deployment"
            raise ValueError(message)

    # The methods below take content and return a coroutine rather than being one: their frames, in which
    # content has names, are gone before anything can go wrong that an error tracker would print.

    def chat(  # noqa: PLR0913 - OpenAI's parameters, and six of ours
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, object]],
        tenant: str | None = None,
        customer: str | None = None,
        policy: Policy | None = None,
        timeout: float | None = None,
        key: str | None = None,
        signals: tuple[Signal, ...] = (),
        **parameters: object,
    ) -> Coroutine[Any, Any, ChatCompletion]:
        """Answer a chat; `model` is the name of a route."""
        body = {"model": model, "messages": messages, **parameters}
        return self._chat(ask_of("chat.completions", body, tenant, customer, policy, timeout, key, signals))

    def stream_chat(  # noqa: PLR0913 - OpenAI's parameters, and six of ours
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, object]],
        tenant: str | None = None,
        customer: str | None = None,
        policy: Policy | None = None,
        timeout: float | None = None,
        key: str | None = None,
        signals: tuple[Signal, ...] = (),
        **parameters: object,
    ) -> ChatStream:
        """Answer a chat as a stream: `async with router.stream_chat(…) as stream: async for chunk in stream: …`."""
        body = {"model": model, "messages": messages, **parameters, "stream": True}
        ask = ask_of("chat.completions", body, tenant, customer, policy, timeout, key, signals)
        return self.stream(ask)

    def embed(  # noqa: PLR0913 - OpenAI's parameters, and six of ours
        self,
        *,
        model: str,
        input: str | Sequence[object],  # noqa: A002 - OpenAI's name
        tenant: str | None = None,
        customer: str | None = None,
        policy: Policy | None = None,
        timeout: float | None = None,
        key: str | None = None,
        signals: tuple[Signal, ...] = (),
        **parameters: object,
    ) -> Coroutine[Any, Any, Embeddings]:
        """Turn texts into vectors."""
        body = {"model": model, "input": input, **parameters}
        return self._embed(ask_of("embeddings", body, tenant, customer, policy, timeout, key, signals))

    # For hosts, whose callers' bodies arrive whole: what is in one is never taken for an argument.

    def answer(self, ask: Ask) -> Coroutine[Any, Any, ChatCompletion | Embeddings]:
        """Answer a sealed request to `chat.completions` or `embeddings`, whole."""
        return self._embed(ask) if ask.endpoint == "embeddings" else self._chat(ask)

    def stream(self, ask: Ask) -> ChatStream:
        """Answer a sealed request to `chat.completions` as a stream."""
        return ChatStream(StreamRun(self._service.engine, self._service.ready, ask))

    def plan(self, ask: Ask) -> Explanation:
        """`explain` for a sealed request."""
        at = time.monotonic()
        try:
            prepared = self._service.engine.read(ask, at)
        except InvalidRequest as error:
            error.__traceback__ = None  # the frames below have the request
            del ask
            raise
        plan = self._service.engine.plan(prepared, at)
        resting = tuple(each.target.id for each in plan.resting)
        return Explanation(prepared.route.name, tuple(map(Planned.of, plan.clearances)), plan.refusals, resting)

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
        ask = ask_of(endpoint, {"model": model, **content, **parameters}, tenant, None, policy, None, None, ())
        del model, messages, tenant, parameters, content  # a traceback shows what the names of its frames stand for
        try:
            return self.plan(ask)
        finally:
            del ask

    def turned_away(  # noqa: PLR0913 - what is recorded, each by name
        self,
        endpoint: str,
        status: int,
        error_code: ErrorCode,
        *,
        duration_ms: float,
        stream: bool = False,
        tenant: str | None = None,
        customer: str | None = None,
        key: str | None = None,
        signals: tuple[Signal, ...] = (),
    ) -> Metadata:
        """Record a request that a host answered by itself, with `status`, without asking for an answer here.

        `endpoint` is a word of the host's own, never the path that was asked for.
        """
        return self._service.engine.turned_away(
            Ask(endpoint, _NOTHING, stream, tenant, customer, None, None, key, signals), status, error_code, duration_ms
        )

    def isolate(self, target_id: str) -> None:
        """Take a target (`account/model`) out by hand: nothing is sent there until `restore`. It is no revocation.

        Requests that are under way go on. Where health is shared, every worker is told. Raises `ValueError` for a
        target that no route has.
        """
        self._service.by_hand(target_id, HealthEvent("isolated"))

    def restore(self, target_id: str) -> None:
        """Let a target that was isolated be used again. Raises `ValueError` for a target that no route has."""
        self._service.by_hand(target_id, HealthEvent("released"))

    async def _chat(self, ask: Ask) -> ChatCompletion:
        try:
            if ask.stream:
                raise InvalidRequest("`chat` gives whole answers; use `stream_chat` for a stream", param="stream")
            decoded, metadata = await self._service.engine.answer(ask, self._service.ready)
        except ENDS as end:
            # Whoever keeps the error keeps no frame that has the request, nor a cycle that waits for the collector.
            end.__traceback__ = None
            del ask
            raise
        return ChatCompletion(decoded.body, metadata)

    async def _embed(self, ask: Ask) -> Embeddings:
        try:
            decoded, metadata = await self._service.engine.answer(ask, self._service.ready)
        except ENDS as end:  # as in `_chat`
            end.__traceback__ = None
            del ask
            raise
        return Embeddings(decoded.body, metadata)
