"""Google's generateContent: what a chat completion becomes, in the Gemini API and on Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from zdr_router.dialects.litellm.conversation import (
    Inexpressible,
    Json,
    Wire,
    conversation,
    limit,
    remembered,
    renamed,
    stops,
    tools,
)
from zdr_router.registry.vocabulary.wire.generate_content import MEDIA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.litellm.conversation import Writer
    from zdr_router.dialects.litellm.library import Library

_GENERATION: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
}


def generate_content_encoder(library: Library, provider: str) -> Writer:
    """Writes requests; the address says model and stream. Contents that Google would keep are never asked for."""
    levels = remembered(library.google_levels)

    def encode(body: dict[str, object], *, model: str, stream: bool) -> Wire:  # noqa: ARG001 - the address says so
        system, turns = library.google_system(supports_system_message=True, messages=conversation(body, media=MEDIA))
        wire: Wire = {"contents": library.google_turns(turns, model=model, custom_llm_provider=provider)}
        if system is not None:
            wire["system_instruction"] = system
        given = tools(body)
        if given:
            made = library.google_tools(given, {})
            if len(made) != 1 or len(made[0]["function_declarations"]) != len(given):
                raise Inexpressible
            wire["tools"] = made
        choice = body.get("tool_choice")
        if choice is not None:
            wire["toolConfig"] = library.google_choice(model, choice)
        generation = _generation(body)
        effort = body.get("reasoning_effort")
        if effort is not None:
            think = library.google_level if levels(model) else library.google_budget
            generation["thinkingConfig"] = think(effort, model)
        if generation:
            wire["generationConfig"] = generation
        if body.get("store") is not None:  # only where it is carried: at the Gemini API
            wire["store"] = body["store"]
        return wire

    return encode


def _generation(body: Mapping[str, object]) -> dict[str, Any]:
    generation: Json = renamed(body, _GENERATION)
    most, sequences = limit(body), stops(body)
    if most is not None:
        generation["maxOutputTokens"] = most
    if sequences:
        generation["stopSequences"] = sequences
    wanted: Json = body.get("response_format") or {"type": "text"}  # type: ignore[assignment]  # read before
    if wanted["type"] != "text":
        generation["responseMimeType"] = "application/json"
    if wanted["type"] == "json_schema":
        generation["responseJsonSchema"] = wanted["json_schema"]["schema"]
    return generation
