"""The same façade without `await`, for scripts and notebooks: one event loop in a thread of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from zdr_router.errors import InvalidRequest
from zdr_router.loop_thread import CLOSED, LoopThread
from zdr_router.router import NO_CONTENT, AsyncRouter

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from zdr_router.answers import ChatCompletion, ChatStream, Embeddings, Explanation
    from zdr_router.deployment import Deployment
    from zdr_router.dialects.shapes import ChatChunk
    from zdr_router.entries import RouteEntry, Tenant
    from zdr_router.metadata import Metadata, Signal
    from zdr_router.policy.accounts import Account
    from zdr_router.policy.policy import Policy
    from zdr_router.records.base import Recorder
    from zdr_router.registry import Registry
    from zdr_router.transport.settings import TransportSettings

T = TypeVar("T")


class Router:
    """`AsyncRouter` for code that is not async; every method means the same. Hosts use `AsyncRouter` itself."""

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
        """Build from values. Raises `ConfigError`."""
        self._router = AsyncRouter(
            policy=policy,
            accounts=accounts,
            routes=routes,
            registry=registry,
            tenants=tenants,
            transport=transport,
            recorders=recorders,
            environ=environ,
        )
        self._loop: LoopThread | None = None

    @classmethod
    def from_config(
        cls,
        path: Path | str,
        *,
        recorders: Sequence[Recorder] = (),
        environ: Mapping[str, str] | None = None,
        watch: bool = False,
    ) -> Self:
        """Build from the operator's file. Raises `ConfigError` with file and line."""
        return cls._around(AsyncRouter.from_config(path, recorders=recorders, environ=environ, watch=watch))

    @classmethod
    def of(cls, deployment: Deployment, *, recorders: Sequence[Recorder] = ()) -> Self:
        """Build from a deployment."""
        return cls._around(AsyncRouter.of(deployment, recorders=recorders))

    @classmethod
    def _around(cls, router: AsyncRouter) -> Self:
        made = cls.__new__(cls)
        made._router, made._loop = router, None  # noqa: SLF001 - its own
        return made

    def __enter__(self) -> Self:
        """Start the loop and open the connections' pool."""
        loop = LoopThread()
        try:
            loop.run(self._router.__aenter__())
        except BaseException:
            loop.stop()
            raise
        self._loop = loop
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop the loop."""
        loop, self._loop = self._loop, None
        if loop is not None:
            try:
                loop.run(self._router.__aexit__(None, None, None))
            finally:
                loop.stop()

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
    ) -> ChatCompletion:
        """Answer a chat; `model` is the name of a route."""
        work = self._router.chat(
            model=model,
            messages=messages,
            tenant=tenant,
            customer=customer,
            policy=policy,
            timeout=timeout,
            key=key,
            signals=signals,
            **parameters,
        )
        del (
            model,
            messages,
            tenant,
            customer,
            key,
            parameters,
        )  # a traceback shows what the names of its frames stand for
        return _run(self._loop, work)

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
    ) -> SyncChatStream:
        """Answer a chat as a stream: `with router.stream_chat(…) as stream: for chunk in stream: …`."""
        stream = self._router.stream_chat(
            model=model,
            messages=messages,
            tenant=tenant,
            customer=customer,
            policy=policy,
            timeout=timeout,
            key=key,
            signals=signals,
            **parameters,
        )
        return SyncChatStream(self._loop, stream)

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
    ) -> Embeddings:
        """Turn texts into vectors."""
        work = self._router.embed(
            model=model,
            input=input,
            tenant=tenant,
            customer=customer,
            policy=policy,
            timeout=timeout,
            key=key,
            signals=signals,
            **parameters,
        )
        del model, input, tenant, customer, key, parameters  # as in `chat`
        return _run(self._loop, work)

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
        """Say who would serve a request, and why the others may not. No I/O; the router need not be entered."""
        explain = partial(
            self._router.explain,
            model=model,
            messages=messages,
            tenant=tenant,
            policy=policy,
            endpoint=endpoint,
            **parameters,
        )
        del model, messages, tenant, parameters  # as in `chat`
        try:
            # What the router remembers of targets is not made for two threads at once.
            return explain() if self._loop is None else self._loop.run(_called(explain))
        except InvalidRequest as error:
            error.__traceback__ = None
            del explain
            raise

    def reload(self, deployment: Deployment | None = None) -> None:
        """Put `deployment`, or what the operator's file says now, in the place of what is in force.

        Raises as `AsyncRouter.reload` does.
        """
        work = self._router.reload(deployment)
        if self._loop is not None and not self._loop.stopped:
            self._loop.run(work)
            return
        loop = LoopThread()
        try:
            loop.run(work)
        finally:
            loop.stop()

    def isolate(self, target_id: str) -> None:
        """Take a target (`account/model`) out by hand. Raises `ValueError` for a target that no route has."""
        self._by_hand(partial(self._router.isolate, target_id))

    def restore(self, target_id: str) -> None:
        """Let a target that was isolated be used again. Raises `ValueError` for a target that no route has."""
        self._by_hand(partial(self._router.restore, target_id))

    def _by_hand(self, work: Callable[[], None]) -> None:
        if self._loop is None or self._loop.stopped:
            work()
        else:
            self._loop.run(_called(work))


class SyncChatStream:
    """A streamed answer: a context manager, and an iterator of OpenAI's chunks inside it."""

    def __init__(self, loop: LoopThread | None, stream: ChatStream) -> None:
        """Nothing is sent before the block is entered."""
        self._loop = loop
        self._stream = stream

    @property
    def metadata(self) -> Metadata:
        """The record of the request; complete once the stream has ended or its block is left."""
        return self._stream.metadata

    def __enter__(self) -> Self:
        """Walk until the first content has come."""
        _run(self._loop, self._stream.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the upstream if it was still sending."""
        _run(self._loop, self._stream.__aexit__(None, None, None))

    def __iter__(self) -> Iterator[ChatChunk]:
        """The stream is its own iterator: what was read is gone."""
        return self

    def __next__(self) -> ChatChunk:
        """The next chunk. Raises `StreamBroken` where the stream died after its first content."""
        chunk = _run(self._loop, self._stream.next_chunk())
        if chunk is None:
            raise StopIteration
        return chunk


def _run(loop: LoopThread | None, work: Coroutine[Any, Any, T]) -> T:
    if loop is None:
        work.close()
        raise RuntimeError(CLOSED)
    return loop.run(work)


async def _called(work: Callable[[], T]) -> T:
    return work()
