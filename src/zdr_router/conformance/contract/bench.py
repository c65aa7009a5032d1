"""What the wire checks work with: a router whose only target is the kit's server, and that server's answers."""

from __future__ import annotations

import copy
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

import orjson

from zdr_router.conformance.contract.asking import Told, ask, listen
from zdr_router.conformance.contract.proofs import headers_of, show
from zdr_router.conformance.contract.replica import replica
from zdr_router.conformance.contract.speech.spoken import SPEECHES
from zdr_router.conformance.contract.stand_in import Reply, Seen, StandIn
from zdr_router.router import AsyncRouter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from zdr_router.conformance.contract.speech.base import Event, Json
    from zdr_router.conformance.loopback import Request
    from zdr_router.deployment import Deployment
    from zdr_router.policy.target import Target
    from zdr_router.registry import Configuration
    from zdr_router.registry.conditions import Proof

NOTHING: Final[Mapping[str, object]] = {}


class Bench:
    """One target on the bench: `async with Bench(deployment, target) as bench`.

    `server` stands in the provider's place; `elsewhere` is another host, to which nothing may ever come.
    """

    def __init__(self, deployment: Deployment, target: Target) -> None:
        """Nothing runs yet."""
        self._deployment = deployment
        self.target = target
        self.speech = SPEECHES[target.configuration.dialect]
        self.server = StandIn()
        self.elsewhere = StandIn()
        self._stack = AsyncExitStack()
        self._router: AsyncRouter | None = None

    @property
    def configuration(self) -> Configuration:
        """What is declared of the target, not the copy of it."""
        return self.target.configuration

    @property
    def streams(self) -> bool:
        """Whether the model is declared to stream."""
        return self.target.declared is None or "stream" in self.target.declared.features

    @property
    def proofs(self) -> list[Proof]:
        """What answers have to show."""
        return self.configuration.conditions.response

    @property
    def router(self) -> AsyncRouter:
        """The router over the kit's server."""
        if self._router is None:
            message = "the bench is not set up: use it within `async with`"
            raise RuntimeError(message)
        return self._router

    async def __aenter__(self) -> Self:
        """Start both servers and the router. Raises `ConfigError` where the target can serve nothing."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.server)
            await stack.enter_async_context(self.elsewhere)
            made = replica(self._deployment, self.target, self.server.port)
            self._router = await stack.enter_async_context(AsyncRouter.of(made))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._router = None
        await self._stack.aclose()

    async def forget(self) -> None:
        """Go on with a router that knows nothing of what this one saw."""
        self._router = await self._stack.enter_async_context(AsyncRouter.of(self.router.deployment))

    async def ask(self, reply: Reply, body: Mapping[str, object] = NOTHING) -> Told:
        """One whole answer, to which the server says `reply`."""
        self.server.reply = reply
        return await ask(self.router, self.target.tenant, body)

    async def listen(self, reply: Reply, body: Mapping[str, object] = NOTHING) -> Told:
        """One streamed answer, to which the server says `reply`."""
        self.server.reply = reply
        return await listen(self.router, self.target.tenant, body)

    async def refuse(self, body: Mapping[str, object], ids: Iterable[str]) -> str:
        """Ask for what must be refused under one of `ids`, before anything leaves; what is wrong, or ""."""
        before = self.server.seen
        told = await self.ask(self.whole(), body)
        if self.server.seen != before:
            return "was sent"
        expected = frozenset(ids)
        if told.outcome == "refused" and not expected.isdisjoint(told.ids):
            return ""
        return f"is {told.how}, not refused by {' or '.join(sorted(expected))}"

    @property
    def seen(self) -> Seen:
        """What has come to the server so far."""
        return self.server.seen

    @property
    def last(self) -> Request | None:
        """The request that came last."""
        return self.server.requests[-1] if self.server.requests else None

    def whole(self, *, finished: bool = True, proven: bool = True) -> Reply:
        """A sound answer; `finished` and `proven` say what is not left out."""
        said = self.speech.whole(finished=finished)
        return self.says(self.shown(said) if proven else said, proven=proven)

    def says(self, body: object, *, status: int = 200, proven: bool = True) -> Reply:
        """Any JSON, with the headers that answers have to show."""
        return self.sends(orjson.dumps(body), status=status, proven=proven)

    def sends(self, body: bytes, *, status: int = 200, proven: bool = True) -> Reply:
        """Any bytes, with the headers that answers have to show."""
        return Reply((body,), status, headers=self._headers(proven=proven))

    def stream(self, events: Iterable[Event] | None = None, *, ended: bool = True, proven: bool = True) -> Reply:
        """These events, or those of a sound answer; `ended`: what ends a stream of the format follows them."""
        chosen = self.speech.events(finished=True) if events is None else events
        framed = [self.speech.framed((kind, self.shown(said) if proven else said)) for kind, said in chosen]
        pieces = (*framed, self.speech.ending) if ended and self.speech.ending else tuple(framed)
        return Reply(pieces, kind=self.speech.kind, headers=self._headers(proven=proven), chunked=True)

    def _headers(self, *, proven: bool) -> dict[str, str]:
        return headers_of(self.proofs) if proven else {}

    def shown(self, body: Json) -> Json:
        """The same with every member that answers have to show."""
        return show(copy.deepcopy(body), self.proofs)
