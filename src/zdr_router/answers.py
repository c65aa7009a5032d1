"""What callers get: whole answers, streams and explanations, each with content-free metadata."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from zdr_router.driver.ended import ENDS

if TYPE_CHECKING:
    from types import TracebackType

    from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody, EmbeddingsBody
    from zdr_router.driver.stream import StreamRun
    from zdr_router.metadata import Metadata, Refusal
    from zdr_router.policy.clearance import Clearance
    from zdr_router.registry.ladders import Grade
    from zdr_router.sealed import Sealed


class ChatCompletion:
    """A whole answer. `repr` shows its size; `body` and `text` are the content."""

    __slots__ = ("_body", "metadata")

    def __init__(self, body: Sealed[ChatCompletionBody], metadata: Metadata) -> None:
        """Join an answer and its record."""
        self._body = body
        self.metadata = metadata

    @property
    def body(self) -> ChatCompletionBody:
        """OpenAI's `chat.completion` object, normalised: the same shape whichever provider answered."""
        return self._body.open()

    @property
    def text(self) -> str:
        """The text of the first choice; empty where the model answered with tool calls or a refusal."""
        return self.body["choices"][0]["message"]["content"] or ""

    def __repr__(self) -> str:
        """Who answered, and how large the answer is."""
        return f"<ChatCompletion from {self.metadata.target}, {self._body}>"


class Embeddings:
    """Vectors for the inputs of a request, in their order."""

    __slots__ = ("_body", "metadata")

    def __init__(self, body: Sealed[EmbeddingsBody], metadata: Metadata) -> None:
        """Join an answer and its record."""
        self._body = body
        self.metadata = metadata

    @property
    def body(self) -> EmbeddingsBody:
        """OpenAI's `list` of `embedding` objects."""
        return self._body.open()

    @property
    def vectors(self) -> list[list[float] | str]:
        """One vector for each input: floats, or base64 where the request asked for that."""
        return [item["embedding"] for item in self.body["data"]]

    def __repr__(self) -> str:
        """Who answered."""
        return f"<Embeddings from {self.metadata.target}, {self._body}>"


class Served(NamedTuple):
    """Who answers a request: what its record will say."""

    request_id: str
    target: str
    configuration: str
    model: str
    attestation: str


class ChatStream:
    """A streamed answer: an async context manager, and an async iterator of OpenAI's chunks inside it.

    Leaving the block closes the upstream if it was still sending.
    """

    __slots__ = ("_run",)

    def __init__(self, run: StreamRun) -> None:
        """Nothing is sent before the block is entered."""
        self._run = run

    @property
    def metadata(self) -> Metadata:
        """The record of the request; complete once the stream has ended or its block is left."""
        if self._run.metadata is None:
            message = "metadata is complete once the stream has ended; leave the `async with` block first"
            raise RuntimeError(message)
        return self._run.metadata

    async def __aenter__(self) -> Self:
        """Walk until the first content has come. Raises what `chat` would raise."""
        try:
            await self._run.open()
        except ENDS as end:
            end.__traceback__ = None  # the frames below have the request
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the upstream if it was still sending."""
        self._run.close()

    def __aiter__(self) -> Self:
        """The stream is its own iterator: what was read is gone."""
        return self

    async def __anext__(self) -> ChatChunk:
        """The next chunk. Raises `StreamBroken` where the stream died after its first content."""
        try:  # as in `next_chunk`, which would cost each chunk another coroutine
            chunk = await self._run.next()
        except ENDS as end:
            end.__traceback__ = None
            raise
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def next_chunk(self) -> ChatChunk | None:
        """As the iterator, but None at the end."""
        try:
            return await self._run.next()
        except ENDS as end:
            end.__traceback__ = None  # the frames below may hold a part of the answer
            raise

    async def next_chunks(self) -> list[ChatChunk]:
        """All chunks that have come and were not read, at least one; none at the end. Raises as the iterator."""
        return await self._run.take()

    @property
    def served(self) -> Served:
        """Who answers, known as soon as the block is entered."""
        if self._run.answers is None:
            message = "nobody answers yet: use `async with` around the stream"
            raise RuntimeError(message)
        request_id, target = self._run.answers
        return Served(request_id, target.id, target.configuration.id, target.model, target.digest)

    def __repr__(self) -> str:
        """Whether it has ended."""
        return f"<ChatStream, {'running' if self._run.metadata is None else 'ended'}>"


@dataclass(frozen=True, slots=True)
class Planned:
    """A target that may serve a request. `until` is when its clearance lapses, in seconds since the epoch.

    `grade` is how strong its basis is, `exceptions` are what it keeps content on, and the policy tolerates.
    """

    target: str
    configuration: str
    model: str
    until: float
    cache: str
    forced: tuple[str, ...]
    grade: Grade = "claimed"
    exceptions: tuple[str, ...] = ()

    @classmethod
    def of(cls, clearance: Clearance) -> Self:
        """What a clearance says."""
        target = clearance.target
        forced = tuple(forced.name for forced in clearance.forced)
        cache = target.configuration.cache.medium
        exceptions = tuple(dict.fromkeys(clause.trigger for clause in target.configuration.exceptions))
        grade = clearance.standing.grade
        return cls(target.id, target.configuration.id, target.model, clearance.until, cache, forced, grade, exceptions)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen to a request: who would be tried, in order, and why everybody else may not serve it.

    `resting` are targets that may serve and that health holds back for now.
    """

    route: str
    planned: tuple[Planned, ...]
    refusals: tuple[Refusal, ...]
    resting: tuple[str, ...] = ()

    @property
    def refused_targets(self) -> tuple[str, ...]:
        """The targets that may not serve, in the order of the route."""
        return tuple(dict.fromkeys(refusal.target for refusal in self.refusals))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "route": self.route,
            "planned": [dataclasses.asdict(each) for each in self.planned],
            "refusals": [dataclasses.asdict(each) for each in self.refusals],
            "resting": list(self.resting),
        }
