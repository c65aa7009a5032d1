"""What the kit's provider does with a request: answers, fails or misbehaves, with a canary wherever one can be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from zdr_router.conformance.leaks.canaries import Words
    from zdr_router.conformance.leaks.provider.server import Call

    Behaviour = Callable[[Call, Words], Awaitable[None]]

JSON: Final = "application/json"
SSE: Final = "text/event-stream"
_USAGE: Final = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
_ECHOING: Final = ("x-request-id", "set-cookie", "server", "via", "etag", "x-ratelimit-reset-requests", "x-error")
_PIECES: Final = 3
_BETWEEN: Final = 0.05
"""Seconds between content and what spoils it, so that the content is most often read first."""


def headers(words: Words) -> dict[str, str]:
    """Headers that providers send along, each with the canary."""
    return dict.fromkeys(_ECHOING, words["header"])


def completion(words: Words) -> dict[str, Any]:
    """A whole answer, with a tool call."""
    function = {"name": "look_up", "arguments": orjson.dumps({"query": words["call"]}).decode()}
    message = {
        "role": "assistant",
        "content": f"It is {words['answer']}.",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}
    body = {"id": words["header"], "object": "chat.completion", "created": 1, "model": words["header"]}
    return {**body, "choices": [choice], "usage": _USAGE}


def deltas(words: Words) -> list[dict[str, Any]]:
    """The pieces of a streamed answer, without its end: a role, content, a tool call."""
    function = {"name": "look_up", "arguments": orjson.dumps({"query": words["call"]}).decode()}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    said = [{"role": "assistant", "content": ""}, *({"content": f"{words['delta']} "} for _ in range(_PIECES))]
    return [_chunk(words, {"delta": delta, "finish_reason": None}) for delta in (*said, {"tool_calls": [call]})]


def ending(words: Words) -> list[dict[str, Any]]:
    """The end of a streamed answer."""
    done = _chunk(words, {"delta": {}, "finish_reason": "tool_calls"})
    return [done, {**done, "choices": [], "usage": _USAGE}]


def _chunk(words: Words, choice: Mapping[str, object]) -> dict[str, Any]:
    base = {"id": words["header"], "object": "chat.completion.chunk", "created": 1, "model": words["header"]}
    return {**base, "choices": [{"index": 0, **choice}]}


def outcry(words: Words, **members: object) -> dict[str, Any]:
    """An error as OpenAI writes it, with a canary in each member."""
    return {"error": {**dict.fromkeys(("message", "type", "code", "param"), words["error"]), **members}}


def framed(events: Iterable[object]) -> bytes:
    """Server-sent events."""
    return b"".join(b"data: " + orjson.dumps(event) + b"\n\n" for event in events)


async def answer(call: Call, words: Words) -> None:
    """What was asked for: an answer, a stream or vectors."""
    asked = call.asked
    if call.path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
        body = {
            "object": "list",
            "data": data,
            "model": words["header"],
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        }
        await call.whole(200, orjson.dumps(body), headers(words))
    elif asked.get("stream") is True:
        await call.begin(SSE, headers(words))
        for event in (*deltas(words), *ending(words)):
            await call.chunk(framed([event]))
        await call.chunk(b"data: [DONE]\n\n")
        await call.finish()
    else:
        await call.whole(200, orjson.dumps(completion(words)), headers(words))


def error(status: int, **members: object) -> Behaviour:
    """This status, with an error in the body and canaries in the headers."""

    async def behave(call: Call, words: Words) -> None:
        await call.whole(status, orjson.dumps(outcry(words, **members)), headers(words))

    return behave


async def text_error(call: Call, words: Words) -> None:
    """An error that is no JSON, as proxies send it."""
    await call.whole(502, f"<html>{words['error']}</html>".encode(), headers(words), kind="text/html")


async def redirect(call: Call, words: Words) -> None:
    """Go elsewhere."""
    there = {"location": f"http://127.0.0.1:9/{words['header']}"}
    await call.whole(307, orjson.dumps(outcry(words)), {**headers(words), **there})


async def malformed(call: Call, words: Words) -> None:
    """Half of some JSON, as if it were all."""
    await call.whole(200, f'{{"choices": [{{"message": "{words["answer"]}'.encode(), headers(words))


async def misshapen(call: Call, words: Words) -> None:
    """JSON that is no answer."""
    body = {"choices": [{"message": {"content": {"text": words["answer"]}}, "finish_reason": words["answer"]}]}
    await call.whole(200, orjson.dumps(body), headers(words))


async def truncated(call: Call, words: Words) -> None:
    """Less of an answer than the head says."""
    body = orjson.dumps(completion(words))
    await call.head(200, {"content-type": JSON, "content-length": str(len(body) + 100), **headers(words)})
    await call.say(body)
    call.hang_up()


async def declined(call: Call, words: Words) -> None:
    """The provider's own no, for what the content is."""
    await call.whole(400, orjson.dumps(outcry(words, code="content_filter")), headers(words))


async def filtered(call: Call, words: Words) -> None:
    """An answer that the provider's filter ended."""
    body = completion(words)
    body["choices"][0]["finish_reason"] = "content_filter"
    await call.whole(200, orjson.dumps(body), headers(words))


async def hang(call: Call, words: Words) -> None:  # noqa: ARG001 - says nothing
    """Say nothing until the client goes away."""
    await call.gone()


async def stall(call: Call, words: Words) -> None:
    """Half of an answer, and then nothing."""
    body = orjson.dumps(completion(words))
    await call.head(200, {"content-type": JSON, "content-length": str(len(body) + 100), **headers(words)})
    await call.say(body)
    await call.gone()


async def reset(call: Call, words: Words) -> None:  # noqa: ARG001 - says nothing
    """Close with a TCP reset."""
    call.reset()


async def stream_hang(call: Call, words: Words) -> None:
    """Content, and then nothing until the client goes away."""
    await call.begin(SSE, headers(words))
    await call.chunk(framed(deltas(words)))
    await call.gone()


async def stream_drip(call: Call, words: Words) -> None:
    """Content for ever."""
    await call.begin(SSE, headers(words))
    events = deltas(words)
    await call.chunk(framed(events[:2]))
    while not call.left:
        await call.chunk(framed([events[2]]))
        await asyncio.sleep(0.02)


async def stream_reset(call: Call, words: Words) -> None:
    """Content, half an event, and a TCP reset."""
    await call.begin(SSE, headers(words))
    await call.chunk(framed(deltas(words)) + framed(deltas(words)[1:2])[:-8])
    await asyncio.sleep(_BETWEEN)
    call.reset()


async def stream_unfinished(call: Call, words: Words) -> None:
    """Content, and an orderly end of the connection without an end of the answer."""
    await call.begin(SSE, headers(words))
    await call.chunk(framed(deltas(words)))
    await call.finish()


async def stream_garbage(call: Call, words: Words) -> None:
    """Content, and then what is no event."""
    await call.begin(SSE, headers(words))
    await call.chunk(framed(deltas(words)))
    await asyncio.sleep(_BETWEEN)
    await call.chunk(b'data: {"choices": [{"delta": "' + words["delta"].encode() + b"\n\n")
    await call.finish()


async def stream_error(call: Call, words: Words) -> None:
    """Content, and then an error within the stream."""
    await call.begin(SSE, headers(words))
    await call.chunk(framed(deltas(words)))
    await asyncio.sleep(_BETWEEN)
    await call.chunk(framed([outcry(words)]))
    await call.finish()


async def stream_error_first(call: Call, words: Words) -> None:
    """An error within the stream before any content."""
    await call.begin(SSE, headers(words))
    await call.chunk(framed([outcry(words)]))
    await call.finish()


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "answer": answer,
    **{f"error-{status}": error(status) for status in (400, 401, 403, 404, 413, 422, 429, 500, 503)},
    "error-text": text_error,
    "redirect": redirect,
    "malformed": malformed,
    "misshapen": misshapen,
    "truncated": truncated,
    "declined": declined,
    "filtered": filtered,
    "hang": hang,
    "stall": stall,
    "reset": reset,
    "stream-hang": stream_hang,
    "stream-drip": stream_drip,
    "stream-reset": stream_reset,
    "stream-unfinished": stream_unfinished,
    "stream-garbage": stream_garbage,
    "stream-error": stream_error,
    "stream-error-first": stream_error_first,
}
"""Every behaviour, by name."""
