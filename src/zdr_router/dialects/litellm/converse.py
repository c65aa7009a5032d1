"""Bedrock's Converse: what a chat completion becomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from zdr_router.dialects.litellm.conversation import (
    Inexpressible,
    Json,
    Wire,
    conversation,
    limit,
    renamed,
    schema_of,
    stops,
    strictness,
    tools,
)
from zdr_router.registry.vocabulary.wire.converse import MEDIA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zdr_router.dialects.litellm.conversation import Writer
    from zdr_router.dialects.litellm.library import Library

_INFERENCE: Final = {"temperature": "temperature", "top_p": "topP"}
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*")


def converse_encoder(library: Library) -> Writer:
    """Writes requests; the address says whether the answer is streamed."""

    def encode(body: dict[str, object], *, model: str, stream: bool) -> Wire:  # noqa: ARG001 - the address says so
        turns, given = conversation(body, media=MEDIA), tools(body)
        # litellm renames other names, and remembers what they were in a cache of the process.
        if not all(_NAME.fullmatch(name) for name in _names(turns, given, body.get("tool_choice"))):
            raise Inexpressible
        turns, system = library.converse_system(turns, model=model)
        wire: Wire = {"messages": library.converse_turns(turns, model, "bedrock_converse")}
        if system:
            wire["system"] = system
        inference = _inference(body)
        if inference:
            wire["inferenceConfig"] = inference
        if given:
            wire["toolConfig"] = _tool_config(library, body, given, model)
        schema = schema_of(body)
        if schema is not None:
            asked = schema["json_schema"]
            wire["outputConfig"] = library.converse_schema(asked["schema"], asked.get("name"), asked.get("description"))
        effort = body.get("reasoning_effort")
        if effort is not None:
            fields: Json = {}
            library.converse_effort(model, effort, fields)
            fields.pop("_output_config_normalized", None)
            if fields:
                wire["additionalModelRequestFields"] = fields
        return wire

    return encode


def _names(turns: list[Json], given: list[Json], choice: object) -> Iterator[str]:
    for tool in given:
        yield tool["function"]["name"]
    for turn in turns:
        for called in turn.get("tool_calls", ()):
            yield called["function"]["name"]
    if isinstance(choice, dict):
        yield choice["function"]["name"]


def _inference(body: Mapping[str, object]) -> Wire:
    inference = renamed(body, _INFERENCE)
    most, sequences = limit(body), stops(body)
    if most is not None:
        inference["maxTokens"] = most
    if sequences:
        inference["stopSequences"] = sequences
    return inference


def _tool_config(library: Library, body: Mapping[str, object], given: list[Json], model: str) -> dict[str, Any]:
    strict = iter(strictness(given))
    made: list[Json] = [dict(tool) for tool in library.converse_tools(given, model)]  # they are of a class of its own
    if sum("toolSpec" in tool for tool in made) != len(given):
        raise Inexpressible
    for tool in made:
        if "toolSpec" in tool:
            wanted = next(strict)
            if wanted is not None:
                tool["toolSpec"]["strict"] = wanted
    config: Json = {"tools": made}
    choice = body.get("tool_choice")
    if choice is not None:
        config["toolChoice"] = library.converse_choice(model, choice, drop_params=False)
    return config
