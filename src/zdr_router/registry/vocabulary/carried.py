"""What of a chat completion each foreign wire format can carry: the vocabulary, narrowed.

A key that the vocabulary knows and a format cannot carry stays in its table as `NOTHING`, so that a refusal names it.
Nothing is left out silently on the way: what is not carried is refused before it is encoded. What a format takes was
read where its table under `wire` says.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.embeddings import EMBEDDINGS
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    NOTHING,
    TEXT,
    Either,
    Items,
    Object,
    Shape,
    Tagged,
    Words,
)
from zdr_router.registry.vocabulary.wire.watsonx import EFFORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CACHE: Final[dict[str, Shape]] = {"cache_control": parts.CACHE_MARKS["cache_control"]}
_FUNCTION: Final = Object({"name": TEXT, "description": TEXT, "parameters": ANYTHING}, required=("name",))
_EVERY_CHOICE: Final = ("none", "auto", "required")

# By kind of content part: the keys that are carried.
_IMAGE: Final = Object({"image_url": Object({"url": parts.IMAGE, "detail": NOTHING}, required=("url",))})
_DETAILED: Final = Object({"image_url": Object({"url": parts.IMAGE, "detail": parts.DETAIL}, required=("url",))})
_AUDIO: Final = Object({"input_audio": Object({"data": parts.AUDIO_DATA, "format": TEXT})})
_FILE: Final = Object(
    {"file": Object({"file_data": parts.FILE_DATA, "filename": TEXT, "file_id": NOTHING}, required=("file_data",))}
)
_SEEN: Final = {"image_url": _IMAGE, "file": _FILE}
_DETAIL: Final = {"image_url": _DETAILED}


def narrowed(full: Object, kept: Mapping[str, Shape]) -> Object:
    """`full` with these keys only; its others have to stay empty."""
    return Object({**dict.fromkeys(full.keys, NOTHING), **kept}, required=full.required)


def _messages(media: Mapping[str, Object], marks: Mapping[str, Shape] = MappingProxyType({})) -> Items:
    """System, user, assistant and tool messages; media in those of the user. `marks` stand beside each part."""
    text = narrowed(Object(parts.CACHE_MARKS), {"text": TEXT, **marks})
    texts = Either({"string": TEXT, "list": Items(Tagged("type", {"text": text}))})
    shown = {kind: narrowed(Object(parts.CACHE_MARKS), {**shape.keys, **marks}) for kind, shape in media.items()}
    content = Either({"string": TEXT, "list": Items(Tagged("type", {"text": text, **shown}))})
    spoken = {"name": NOTHING, "cache_control": NOTHING}
    call = Object({"id": TEXT, "function": Object({"name": TEXT, "arguments": TEXT})}, required=("function",))
    said: dict[str, Shape] = {
        **dict.fromkeys(
            ("refusal", "audio", "function_call", "annotations", "reasoning", "reasoning_content"), NOTHING
        ),
        "content": texts,
        "tool_calls": Items(Tagged("type", {"function": call}, default="function")),
    }
    kinds = {
        "developer": Object({**spoken, "content": texts}),
        "system": Object({**spoken, "content": texts}),
        "user": Object({**spoken, "content": content}),
        "assistant": Object({**spoken, **said}),
        "tool": Object({"content": texts, "tool_call_id": TEXT, "cache_control": NOTHING}),
    }
    return Items(Tagged("role", kinds), at_least=1)


def _tools(marks: Mapping[str, Shape], *, strict: Shape) -> Items:
    function = Object({**_FUNCTION.keys, "strict": strict}, required=_FUNCTION.required)
    return Items(Tagged("type", {"function": Object({"function": function, "cache_control": NOTHING, **marks})}))


def _choice(words: Iterable[str]) -> Either:
    named = Tagged("type", {"function": Object({"function": Object({"name": TEXT})})})
    return Either({"string": Words(dict.fromkeys(words, "")), "object": named})


def _format(schema: Mapping[str, Shape], *, objects: bool = False) -> Tagged:
    kinds = {
        "text": Object({}),
        "json_schema": Object({"json_schema": Object({"name": TEXT, "schema": ANYTHING, "strict": FLAG, **schema})}),
    }
    return Tagged("type", {**kinds, "json_object": Object({})} if objects else kinds)


def _chat(parameters: Iterable[str], own: Mapping[str, Shape]) -> Object:
    """A chat with these parameters as OpenAI has them, and with its `own`."""
    always = ("model", "stream", "provider", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop")
    shared = {name: CHAT.keys[name] for name in (*always, *parameters)}
    return narrowed(
        CHAT, {**shared, "stream_options": Object({"include_usage": FLAG, "include_obfuscation": NOTHING}), **own}
    )


MESSAGES_CHAT: Final = _chat(
    ("top_k", "parallel_tool_calls"),
    {
        "reasoning_effort": EFFORT,
        "messages": _messages(_SEEN, _CACHE),
        "tools": _tools(_CACHE, strict=FLAG),
        "tool_choice": _choice(_EVERY_CHOICE),
        "response_format": _format({"description": NOTHING}),
    },
)
"""Anthropic's Messages, wherever they are served."""

CONVERSE_CHAT: Final = _chat(
    (),
    {
        "reasoning_effort": EFFORT,
        "messages": _messages(_SEEN, _CACHE),
        "tools": _tools(_CACHE, strict=FLAG),
        "tool_choice": _choice(("auto", "required")),
        "response_format": _format({"description": TEXT}),
    },
)
"""Bedrock's Converse."""

GENERATE_CONTENT_CHAT: Final = _chat(
    ("top_k", "seed", "frequency_penalty", "presence_penalty"),
    {
        "reasoning_effort": EFFORT,
        "messages": _messages({**_SEEN, "input_audio": _AUDIO}),
        "tools": _tools({}, strict=NOTHING),
        "tool_choice": _choice(_EVERY_CHOICE),
        "response_format": _format({"description": NOTHING}, objects=True),
    },
)
"""Google's generateContent. Cache marks are not carried: they would ask for contents that Google keeps."""

GEMINI_CHAT: Final = narrowed(CHAT, {**GENERATE_CONTENT_CHAT.keys, "store": CHAT.keys["store"]})
"""The same at the Gemini API, where a request may say whether it is stored."""

COHERE_CHAT: Final = _chat(
    ("top_k", "seed", "frequency_penalty", "presence_penalty"),
    {
        "messages": _messages(_DETAIL),
        "tools": _tools({}, strict=NOTHING),
        "tool_choice": Words(dict.fromkeys(_EVERY_CHOICE, "")),
        "response_format": _format({"description": NOTHING}, objects=True),
    },
)
"""Cohere's v2 chat."""

WATSONX_CHAT: Final = _chat(
    ("seed", "frequency_penalty", "presence_penalty", "n", "logprobs", "top_logprobs"),
    {
        "reasoning_effort": EFFORT,
        "messages": _messages(_DETAIL),
        "tools": _tools({}, strict=NOTHING),
        "tool_choice": _choice(_EVERY_CHOICE),
        "response_format": _format({"description": NOTHING}, objects=True),
    },
)
"""watsonx.ai's text chat."""

AZURE_CHAT: Final = narrowed(
    CHAT,
    {
        name: CHAT.keys[name]
        for name in (
            *("model", "stream", "provider", "messages", "tools", "tool_choice", "functions", "function_call"),
            *("response_format", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "n", "seed"),
            *("frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "user"),
            *("parallel_tool_calls", "stream_options", "reasoning_effort", "prediction", "store", "metadata"),
        )
    },
)
"""Azure OpenAI's deployments, in the API version that `dialects` names.

As that version is described in Azure/azure-rest-api-specs (`inference.yaml`; read 2026-11-22): it lists `store`, and
neither `prompt_cache_key` nor `prompt_cache_retention`. Azure's page on prompt caching offers the latter for chat
completions without naming a version, so a configuration may force it, and an older deployment may answer 400.
"""

AZURE_EMBEDDINGS: Final = EMBEDDINGS
