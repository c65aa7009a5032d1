"""OpenAI's chat completions, which Azure's deployments and watsonx.ai answer with as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS, WORDS, Speech, sse

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Event, Json

_USAGE: Final[Json] = {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1], "total_tokens": sum(TOKENS)}
_THEIRS: Final[Json] = {"id": "theirs", "created": 1, "model": "theirs"}


def _whole(*, finished: bool) -> Json:
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop" if finished else None}
    return {**_THEIRS, "object": "chat.completion", "choices": [choice], "usage": _USAGE}


def _events(*, finished: bool) -> list[Event]:
    events = [_chunk({"role": "assistant", "content": ""}, None), *(_chunk({"content": word}, None) for word in WORDS)]
    if finished:
        last: Json = {**_THEIRS, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE}
        events += [_chunk({}, "stop"), ("", last)]
    return events


def _chunk(delta: Json, reason: str | None) -> Event:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return "", {**_THEIRS, "object": "chat.completion.chunk", "choices": [choice]}


OPENAI: Final = Speech(_whole, _events, sse, ending=b"data: [DONE]\n\n")
