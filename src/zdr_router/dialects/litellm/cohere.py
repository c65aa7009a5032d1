"""Cohere's chat, second version: what a chat completion becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.litellm.conversation import Json, Wire, conversation, limit, stops, tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.litellm.conversation import Writer
    from zdr_router.dialects.litellm.library import Library

_MAPPED: Final = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed")
_CHOICES: Final = {"required": "REQUIRED", "none": "NONE"}


def cohere_encoder(library: Library) -> Writer:
    """Writes requests. litellm knows no choice of tools, no formats and no `top_k` here, so those are written so."""

    def encode(body: dict[str, object], *, model: str, stream: bool) -> Wire:
        known = {name: body[name] for name in _MAPPED if body.get(name) is not None}
        known |= {"max_tokens": limit(body), "stop": stops(body), "tools": _tools(body) or None}
        given = {name: value for name, value in known.items() if value is not None}
        wire: Wire = {"model": model, "messages": conversation(body), "stream": stream}
        wire.update(library.cohere_parameters(given, {}, model, drop_params=False))
        if body.get("top_k") is not None:
            wire["k"] = body["top_k"]
        choice = body.get("tool_choice")
        if choice in _CHOICES:  # `auto` is what leaving it out means
            wire["tool_choice"] = _CHOICES[str(choice)]
        wanted: Json = body.get("response_format") or {"type": "text"}  # type: ignore[assignment]  # read before
        if wanted["type"] == "json_schema":
            wire["response_format"] = {"type": "json_object", "json_schema": wanted["json_schema"]["schema"]}
        elif wanted["type"] == "json_object":
            wire["response_format"] = {"type": "json_object"}
        return wire

    return encode


def _tools(body: Mapping[str, object]) -> list[Json]:
    """Function tools; one without parameters has none, which has to be said."""
    return [
        {**tool, "function": {"parameters": {"type": "object", "properties": {}}, **tool["function"]}}
        for tool in tools(body)
    ]
