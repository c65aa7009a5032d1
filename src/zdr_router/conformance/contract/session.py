"""What the live checks work with: the operator's own deployment, asked as it is, and each answer at most once."""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from zdr_router.conformance.contract.asking import ROUTE, Told, ask, listen
from zdr_router.router import AsyncRouter
from zdr_router.routing.plan import Route

if TYPE_CHECKING:
    from types import TracebackType

    from zdr_router.deployment import Deployment
    from zdr_router.policy.target import Target

TIMEOUT: Final = 60.0
"""Seconds for each request."""


class Length(NamedTuple):
    """How long an answer may become, and the parameter that says so: newer models know only the second."""

    parameter: str = "max_tokens"
    tokens: int = 64


USUAL: Final = Length()


class Session:
    """One target, asked for real: `async with Session(deployment, target) as session`.

    Nothing of the deployment is set aside: what its policy does not clear is not asked.
    """

    def __init__(self, deployment: Deployment, target: Target, length: Length) -> None:
        """Nothing is sent yet."""
        self._deployment = deployment
        self.target = target
        self._length = {length.parameter: length.tokens}
        self._stack = AsyncExitStack()
        self._router: AsyncRouter | None = None
        self._answer: Told | None = None
        self._stream: Told | None = None

    @property
    def streams(self) -> bool:
        """Whether the model is declared to stream."""
        return self.target.declared is not None and "stream" in self.target.declared.features

    async def __aenter__(self) -> Self:
        """Open the connections. Raises `ConfigError`."""
        self._router = await self._open(self.target)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._stack.aclose()

    async def answer(self) -> Told:
        """A whole answer: the first call asks for it, and the others get the same."""
        if self._answer is None:
            self._answer = await ask(self._opened(), self.target.tenant, self._length)
        return self._answer

    async def stream(self) -> Told:
        """A streamed answer: the first call asks for it, and the others get the same."""
        if self._stream is None:
            body = {**self._length, "stream_options": {"include_usage": True}}
            self._stream = await listen(self._opened(), self.target.tenant, body)
        return self._stream

    async def ask_as(self, target: Target) -> Told:
        """A whole answer from a target that is like this one but for a name or a key that is made up."""
        return await ask(await self._open(target), self.target.tenant, self._length)

    async def _open(self, target: Target) -> AsyncRouter:
        route = Route(ROUTE, (target,), timeout=TIMEOUT, max_attempts=1)
        alone = dataclasses.replace(self._deployment, routes=MappingProxyType({ROUTE: route}))
        return await self._stack.enter_async_context(AsyncRouter.of(alone))

    def _opened(self) -> AsyncRouter:
        if self._router is None:
            message = "the session is not open: use it within `async with`"
            raise RuntimeError(message)
        return self._router
