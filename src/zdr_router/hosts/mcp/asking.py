"""The tool `ask`: a chat on a route. Progress carries counts; giving up closes the upstream at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from zdr_router.driver.asking import Ask
from zdr_router.hosts.mcp.results import Answer
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from zdr_router.answers import ChatCompletion, ChatStream, Embeddings
    from zdr_router.hosts.mcp.arguments import AskArguments
    from zdr_router.hosts.mcp.caller import Caller
    from zdr_router.metadata import Metadata
    from zdr_router.router import AsyncRouter

EVERY: Final = 0.1
"""Seconds between two reports of progress, at least."""


class Progress(Protocol):
    """Where to say how far an answer has come."""

    async def report_progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """`progress` is the number of chunks so far."""
        ...


async def ask(
    router: AsyncRouter, asked: Sealed[AskArguments], caller: Caller, progress: Progress | None
) -> Sealed[Answer]:
    """The answer. Where somebody wants to know of progress it is streamed. Raises `RouterError`."""
    if progress is None:
        whole = cast("ChatCompletion", await _chat(router, asked, caller))
        caller.metadata = whole.metadata
        return _answer(Sealed([whole.text]), whole.body["choices"][0]["finish_reason"], whole.metadata)
    pieces: Sealed[list[str]] = Sealed([])
    stream = _stream(router, asked, caller)
    finish: str | None = None
    try:
        async with stream:
            count, due = 0, time.monotonic()
            async for chunk in stream:
                finish = _take(Sealed(chunk), pieces) or finish
                del chunk
                count += 1
                if time.monotonic() >= due:
                    due = time.monotonic() + EVERY
                    await progress.report_progress(count)
    finally:
        caller.metadata = _recorded(stream)
    return _answer(pieces, finish, stream.metadata)


def _recorded(stream: ChatStream) -> Metadata | None:
    """The record of a stream that was left, whole or not; None where it never began."""
    try:
        return stream.metadata
    except RuntimeError:
        return None


# The functions below take content out of its seal, and are gone before anything can go wrong.


def _chat(
    router: AsyncRouter, asked: Sealed[AskArguments], caller: Caller
) -> Coroutine[Any, Any, ChatCompletion | Embeddings]:
    return router.answer(_ask(asked, caller, stream=False))


def _stream(router: AsyncRouter, asked: Sealed[AskArguments], caller: Caller) -> ChatStream:
    return router.stream(_ask(asked, caller, stream=True))


def _ask(asked: Sealed[AskArguments], caller: Caller, *, stream: bool) -> Ask:
    return Ask(
        "chat.completions",
        Sealed(_request(asked) | ({"stream": True} if stream else {})),
        stream,
        caller.tenant,
        caller.customer,
        caller.policy,
        None,
        caller.key,
        caller.signals,
        caller.left,
    )


def _request(asked: Sealed[AskArguments]) -> dict[str, Any]:
    given = asked.open()
    messages = [{"role": "user", "content": given.prompt}]
    if given.system:
        messages.insert(0, {"role": "system", "content": given.system})
    request: dict[str, Any] = {"model": given.route, "messages": messages}
    if given.max_tokens is not None:
        request["max_tokens"] = given.max_tokens
    if given.temperature is not None:
        request["temperature"] = given.temperature
    return request


def _take(chunk: Sealed[Any], pieces: Sealed[list[str]]) -> str | None:
    """Keep the text of a chunk until the answer is whole; give the finish reason, if it has one."""
    for choice in chunk.open()["choices"][:1]:
        pieces.open().append(choice["delta"].get("content") or "")
        reason: str | None = choice["finish_reason"]
        return reason
    return None


def _answer(pieces: Sealed[list[str]], finish: str | None, metadata: Metadata) -> Sealed[Answer]:
    answer = Answer(
        text="".join(pieces.open()),
        finish_reason=finish,
        configuration=metadata.configuration,
        model=metadata.model,
        attestation=metadata.attestation,
        request_id=metadata.request_id,
        input_tokens=metadata.input_tokens,
        output_tokens=metadata.output_tokens,
    )
    return Sealed(answer)
