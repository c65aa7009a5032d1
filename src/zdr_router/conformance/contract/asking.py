"""One request to a router, and what came of it as data: whatever the router says or raises is a `Told`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.errors import Exhausted, InvalidRequest, Refused, StreamBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody
    from zdr_router.metadata import Metadata, Refusal
    from zdr_router.router import AsyncRouter

ROUTE: Final = "zdr-conform"
"""The route that the kit asks, in every deployment that it makes."""

PROMPT: Final = "Name the three primary colours in one short line."
MESSAGES: Final = ({"role": "user", "content": PROMPT},)
"""What the kit says to a provider; it never says anything else."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a request ended: "ok", "refused", "unreadable", or the outcome of its last attempt.

    `chunks` is what had come when a stream broke; `said` is the text of the error.
    """

    outcome: str
    refusals: tuple[Refusal, ...] = ()
    metadata: Metadata | None = None
    body: ChatCompletionBody | None = None
    chunks: tuple[ChatChunk, ...] = ()
    said: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the refusals."""
        return frozenset(refusal.id for refusal in self.refusals)

    @property
    def how(self) -> str:
        """The same for people."""
        return f"refused ({', '.join(sorted(self.ids))})" if self.refusals else self.outcome


async def ask(router: AsyncRouter, tenant: str | None, body: Mapping[str, object]) -> Told:
    """One whole answer; `body` is added to the prompt of the kit, or replaces it."""
    given = {"messages": MESSAGES, **body}
    try:
        answer = await router.chat(model=ROUTE, tenant=tenant, **given)  # type: ignore[arg-type]  # any JSON
    except (Refused, Exhausted, InvalidRequest) as error:
        return _ended(error)
    return Told("ok", metadata=answer.metadata, body=answer.body)


async def listen(router: AsyncRouter, tenant: str | None, body: Mapping[str, object]) -> Told:
    """One streamed answer, to its end."""
    given = {"messages": MESSAGES, **body}
    chunks: list[ChatChunk] = []
    stream = router.stream_chat(model=ROUTE, tenant=tenant, **given)  # type: ignore[arg-type]  # any JSON
    try:
        async with stream:
            async for chunk in stream:
                chunks.append(chunk)  # noqa: PERF401 - what came before it broke is kept
    except (Refused, Exhausted, InvalidRequest, StreamBroken) as error:
        return _ended(error, tuple(chunks))
    return Told("ok", metadata=stream.metadata, chunks=tuple(chunks))


def _ended(error: Refused | Exhausted | InvalidRequest | StreamBroken, chunks: tuple[ChatChunk, ...] = ()) -> Told:
    if isinstance(error, Refused):
        return Told("refused", error.refusals, error.metadata, said=str(error))
    metadata = error.metadata
    outcome = str(metadata.attempts[-1].outcome) if metadata is not None and metadata.attempts else "unreadable"
    return Told(outcome, metadata=metadata, chunks=chunks, said=str(error))
