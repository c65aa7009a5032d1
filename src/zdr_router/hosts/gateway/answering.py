"""Chats and embeddings: asks the router, and sends what it answers as OpenAI's API would."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import orjson

from zdr_router.errors import RouterError
from zdr_router.hosts.gateway import faults, telling
from zdr_router.hosts.gateway.asgi import Reply
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zdr_router.answers import ChatStream
    from zdr_router.dialects.shapes import ChatChunk
    from zdr_router.driver.asking import Ask
    from zdr_router.hosts.gateway.exchange import Exchange
    from zdr_router.hosts.gateway.presence import Presence, Why
    from zdr_router.metadata import Metadata
    from zdr_router.router import AsyncRouter

_LAST_WORD: Final = 1.0
"""Seconds that a caller is given to take the error that ends its stream."""
_DONE: Final = b"data: [DONE]\n\n"


class Writer(Protocol):
    """How an answer is written: as it is, or as a response of OpenAI's other API."""

    def whole(self, body: Mapping[str, Any], metadata: Metadata) -> Mapping[str, Any]:
        """A whole answer."""
        ...

    def begin(self, request_id: str) -> bytes:
        """The events before the first chunk."""
        ...

    def some(self, chunks: Sequence[ChatChunk]) -> bytes:
        """The events of some chunks."""
        ...

    def end(self, told: dict[str, Any] | None) -> bytes:
        """The events after the last chunk; `told` is what the caller wants to know of the record."""
        ...

    def broken(self, fault: faults.Fault) -> bytes:
        """The events that end a stream which is not whole."""
        ...


class AsItIs:
    """Writes what the router answers, which is OpenAI's shape already."""

    def whole(self, body: Mapping[str, Any], metadata: Metadata) -> Mapping[str, Any]:  # noqa: ARG002 - see `Writer`
        """The answer."""
        return body

    def begin(self, request_id: str) -> bytes:  # noqa: ARG002 - see `Writer`
        """Nothing."""
        return b""

    def some(self, chunks: Sequence[ChatChunk]) -> bytes:
        """An event for each chunk."""
        return b"".join([b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks])

    def end(self, told: dict[str, Any] | None) -> bytes:
        """The end, after a chunk without choices that tells of the record."""
        if told is None:
            return _DONE
        chunk = {
            "id": f"chatcmpl-{told['request_id']}",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": told["route"],
            "choices": [],
            "zdr": told,
        }
        return b"data: " + orjson.dumps(chunk) + b"\n\n" + _DONE

    def broken(self, fault: faults.Fault) -> bytes:
        """An error in the stream, and no end."""
        return b"data: " + orjson.dumps({"error": fault.error()}) + b"\n\n"


async def whole(router: AsyncRouter, ask: Ask, exchange: Exchange, presence: Presence, writer: Writer) -> Reply | None:
    """The answer to send; None where nobody is there to take it. Raises what the router raises."""
    with presence:
        answer = await router.answer(ask)
        exchange.metadata = answer.metadata
        return _reply(Sealed(answer.body), answer.metadata, exchange, writer)
    return faults.closing().reply() if presence.why == "closing" else None


def _reply(sealed: Sealed[Any], metadata: Metadata, exchange: Exchange, writer: Writer) -> Reply:
    body = writer.whole(sealed.open(), metadata)
    if telling.in_body(exchange.head):
        body = {**body, "zdr": telling.body(metadata, exchange.settings)}
    return Reply(200, orjson.dumps(body), telling.headers(metadata, exchange.settings))


async def streamed(
    router: AsyncRouter, ask: Ask, exchange: Exchange, presence: Presence, writer: Writer
) -> Reply | None:
    """Send a stream. Raises what the router raises before the first content; afterwards errors are in the stream."""
    stream = router.stream(ask)
    last: Sealed[bytes] | None = None
    with presence:
        try:
            async with stream:
                served = stream.served
                exchange.request_id = served.request_id
                await exchange.begin(telling.headers(served, exchange.settings))
                last = await _pass_on(stream, exchange, writer)
        finally:
            exchange.metadata = _record(stream)
    if presence.why is not None:
        return await _cut_off(exchange, presence.why, writer)
    if last is None and exchange.metadata is not None:
        told = telling.body(exchange.metadata, exchange.settings) if telling.in_body(exchange.head) else None
        last = Sealed(writer.end(told))
    if last is not None:
        await exchange.finish(last.open())
    return None


async def _pass_on(stream: ChatStream, exchange: Exchange, writer: Writer) -> Sealed[bytes] | None:
    """Send chunks as they come; the event that ends a stream which broke, None for one that is whole."""
    first = writer.begin(exchange.request_id)
    if first:
        await exchange.events(first)
    while True:
        try:
            chunks = await stream.next_chunks()
        except RouterError as error:
            return Sealed(writer.broken(faults.of(error)))
        if not chunks:
            return None
        await exchange.events(writer.some(chunks))


async def _cut_off(exchange: Exchange, why: Why, writer: Writer) -> Reply | None:
    """End a stream early, with a word on why where somebody is there to hear it."""
    if why == "closing":
        if not exchange.status:
            return faults.closing().reply()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD):
                await exchange.finish(writer.broken(faults.closing()))
    return None


def _record(stream: ChatStream) -> Metadata | None:
    """The record of a stream; None where it did not come as far as to have one."""
    try:
        return stream.metadata
    except RuntimeError:
        return None


def tokens(sealed: Sealed[dict[str, Any]], size: int) -> int:
    """An estimate of what a request takes, answer included: four bytes a token, and what it may be answered at most."""
    body = sealed.open()
    most = body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_output_tokens")
    times = body.get("n")
    answer = most if type(most) is int and most > 0 else 0
    return size // 4 + answer * (times if type(times) is int and times > 0 else 1)


def route_of(sealed: Sealed[dict[str, Any]]) -> str | None:
    """The route that a body asks for, which may be any text."""
    return cast("str | None", route) if type(route := sealed.open().get("model")) is str else None
