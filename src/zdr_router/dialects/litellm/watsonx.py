"""watsonx.ai's chat: what a chat completion becomes. The project is the account's, and added by the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.litellm.conversation import Json, Wire, conversation, limit, stops, tools

if TYPE_CHECKING:
    from zdr_router.dialects.litellm.conversation import Writer
    from zdr_router.dialects.litellm.library import Library

_MAPPED: Final = (
    *("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "n", "logprobs", "top_logprobs"),
    *("response_format", "tool_choice", "reasoning_effort"),
)


def watsonx_encoder(library: Library) -> Writer:
    """Writes requests; the address says whether the answer is streamed."""

    def encode(body: dict[str, object], *, model: str, stream: bool) -> Wire:  # noqa: ARG001 - the address says so
        known = {name: body[name] for name in _MAPPED if body.get(name) is not None}
        known |= {"stop": stops(body), "tools": tools(body) or None}
        given = {name: value for name, value in known.items() if value is not None}
        wire: Wire = {"model_id": model, "messages": [_plain(message) for message in conversation(body)]}
        wire.update(library.watsonx_parameters(given, {}, model, drop_params=False))
        most = limit(body)
        if most is not None:
            wire["max_completion_tokens"] = most
        return wire

    return encode


def _plain(message: Json) -> Json:
    """Only a user's content may be a list of parts; elsewhere the parts, all of which are text, are joined."""
    content = message.get("content")
    if message["role"] == "user" or type(content) is not list:
        return message
    return {**message, "content": "".join(part["text"] for part in content)}
