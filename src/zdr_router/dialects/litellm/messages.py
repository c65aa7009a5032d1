"""Anthropic's Messages: what a chat completion becomes, at Anthropic, on Vertex AI and on Foundry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.litellm.conversation import (
    Inexpressible,
    Json,
    Wire,
    conversation,
    limit,
    remembered,
    renamed,
    schema_of,
    stops,
    strictness,
    tools,
)
from zdr_router.registry.vocabulary.wire.messages import MEDIA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.litellm.conversation import Writer
    from zdr_router.dialects.litellm.library import Library

_SAME: Final = {"temperature": "temperature", "top_p": "top_p", "top_k": "top_k"}
_PROVIDER: Final = "anthropic"


def messages_encoder(library: Library, *, version: str = "") -> Writer:
    """Writes requests. `version`: the member that stands for the model where the address names that (Vertex AI)."""
    limits = remembered(library.messages_limit)

    def encode(body: dict[str, object], *, model: str, stream: bool) -> Wire:
        turns = conversation(body, media=MEDIA)
        leading, later = library.split_system(turns)
        placed = library.place_system(later, supports_mid_conversation_system=False)
        wire: Wire = {"anthropic_version": version} if version else {"model": model}
        wire["messages"] = library.messages_turns(list(placed), model, _PROVIDER)
        wire["max_tokens"] = most = limit(body) or limits(model)
        system = library.messages_system(list(leading))
        if system:
            wire["system"] = system
        wire.update(renamed(body, _SAME))
        sequences = stops(body)
        if sequences:
            wire["stop_sequences"] = sequences
        _add_tools(library, body, wire)
        _add_output(library, body, wire, model, most)
        if stream:
            wire["stream"] = True
        return wire

    return encode


def _add_tools(library: Library, body: Mapping[str, object], wire: Wire) -> None:
    given = tools(body)
    if given:
        strict = strictness(given)
        made, servers = library.messages_tools(given)
        if servers or len(made) != len(given):
            raise Inexpressible
        wire["tools"] = [
            tool if each is None else {**tool, "strict": each} for tool, each in zip(made, strict, strict=True)
        ]
    choice = library.messages_choice(body.get("tool_choice"), body.get("parallel_tool_calls") if given else None)
    if choice is not None:
        wire["tool_choice"] = choice


def _add_output(library: Library, body: Mapping[str, object], wire: Wire, model: str, most: int) -> None:
    output: Json = {}
    effort = body.get("reasoning_effort")
    if isinstance(effort, str):
        thinking = library.messages_thinking(effort, model, _PROVIDER)
        if thinking is not None:
            if thinking.get("budget_tokens", 0) >= most:
                raise Inexpressible
            wire["thinking"] = thinking
            if library.messages_adapts(model, _PROVIDER):
                output["effort"] = library.messages_efforts[effort]
    schema = schema_of(body)
    if schema is not None:
        output["format"] = library.messages_schema(schema)
    if output:
        wire["output_config"] = output
