"""Reads the body of `POST /v1/responses` as one of `POST /v1/chat/completions`.

What would keep something on a server is refused with that reason; what a chat has no words for is a fault of the
request. Nothing is dropped, and nothing that is said about it quotes the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router.hosts.gateway.arriving import Arrived
from zdr_router.hosts.gateway.responses.input import messages
from zdr_router.hosts.gateway.responses.tools import choice, tools
from zdr_router.hosts.gateway.responses.unfit import Unfit, needs, refuse, unfit
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.hosts.gateway.faults import Fault

_SAME: Final = (
    "model",
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "user",
    "provider",
    "stream",
)
"""What a chat calls by the same name, and takes in the same form. The router reads it."""
_STATE: Final[Mapping[str, str]] = {
    "previous_response_id": "no response is kept, so none can be gone on from; send the whole conversation as `input`",
    "conversation": "no conversation is kept; send the whole of it as `input`",
    "prompt": "no prompt is kept here; send its text as `instructions`",
}
_KNOWN: Final = frozenset(
    {
        *_SAME,
        *_STATE,
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "text",
        "reasoning",
        "max_output_tokens",
        "metadata",
        "store",
        "background",
        "stream_options",
        "truncation",
        "include",
    }
)
_INCLUDED: Final = frozenset({"reasoning.encrypted_content"})
"""Accepted, though there is none: clients that keep their own history always ask for it."""
_FORMATS: Final = frozenset({"text", "json_object", "json_schema"})


class Read(NamedTuple):
    """The request as a chat, and what of it the response repeats."""

    arrived: Arrived
    request: Sealed[dict[str, Any]]


def read(arrived: Arrived) -> Read | Fault:
    """The request as a chat, or what is wrong with it."""
    body = arrived.body.open()
    try:
        chat = _chat(body)
    except Unfit as error:
        return error.fault
    return Read(Arrived(Sealed(chat), arrived.size), Sealed(body))


def _chat(body: dict[str, Any]) -> dict[str, Any]:
    _refuse_state(body)
    for position, name in enumerate(body):
        if name not in _KNOWN:
            raise refuse(f"body.#{position + 1}", "it is something that this API does not know; leave it out")
    chat: dict[str, Any] = {name: body[name] for name in _SAME if body.get(name) is not None}
    chat["messages"] = messages(body)
    if body.get("tools") not in (None, []):
        chat["tools"] = tools(body["tools"])
    if body.get("tool_choice") is not None:
        chat["tool_choice"] = choice(body["tool_choice"])
    if body.get("max_output_tokens") is not None:
        chat["max_completion_tokens"] = body["max_output_tokens"]
    _text(needs(body, "text", dict) or {}, chat)
    _reasoning(needs(body, "reasoning", dict) or {}, chat)
    _little(body)
    if chat.get("stream") is True:
        chat["stream_options"] = {"include_usage": True}
    return chat


def _refuse_state(body: dict[str, Any]) -> None:
    for name, why in _STATE.items():
        if body.get(name) is not None:
            raise refuse(name, why)
    if _asks(body, "store"):
        raise refuse("store", "nothing is stored here; send `store: false`")
    if _asks(body, "background"):
        raise refuse("background", "an answer that is fetched later would have to be kept until then")


def _asks(body: dict[str, Any], name: str) -> bool:
    """Whether it is anything but absent, null or false."""
    value = body.get(name)
    return value is not None and value is not False


def _text(text: dict[str, Any], chat: dict[str, Any]) -> None:
    for name in text:
        if name not in {"format", "verbosity"}:
            raise unfit("text", "`text` takes `format` and `verbosity` only")
    if text.get("verbosity") is not None:
        chat["verbosity"] = text["verbosity"]
    wanted = needs(text, "format", dict, "text.format")
    if wanted is None:
        return
    kind = wanted.get("type")
    if type(kind) is not str or kind not in _FORMATS:
        raise unfit("text.format.type", "`text.format.type` is one of text, json_object and json_schema")
    if kind == "json_schema":
        inner = {name: value for name, value in wanted.items() if name != "type" and value is not None}
        chat["response_format"] = {"type": kind, "json_schema": inner}
    elif any(value is not None and name != "type" for name, value in wanted.items()):
        raise unfit("text.format", f"`text.format` of the type {kind} has nothing besides")
    elif kind == "json_object":
        chat["response_format"] = {"type": kind}


def _reasoning(reasoning: dict[str, Any], chat: dict[str, Any]) -> None:
    """`summary: auto` asks for the best that there is, and clients of agents always say it: here there is none."""
    for name, value in reasoning.items():
        if name == "summary" and value is not None and value != "auto":
            raise unfit("reasoning.summary", "there are no summaries of reasoning; `reasoning.summary` is `auto`")
        if name not in {"effort", "summary"} and value is not None:
            raise unfit("reasoning", "`reasoning` takes `effort` and `summary` only")
    if reasoning.get("effort") is not None:
        chat["reasoning_effort"] = reasoning["effort"]


def _little(body: dict[str, Any]) -> None:
    """What changes nothing here, and may therefore be said only where it asks for nothing."""
    if body.get("truncation") is not None and body["truncation"] != "disabled":
        raise unfit("truncation", "nothing is cut off by itself; `truncation` is `disabled`")
    if not _INCLUDED.issuperset(_words(needs(body, "include", list) or [])):
        raise unfit("include", f"`include` takes {', '.join(_INCLUDED)} only")
    options = needs(body, "stream_options", dict) or {}
    if any(_asks(options, name) for name in options):
        raise unfit("stream_options", "`stream_options` has nothing here that could be switched on")
    needs(body, "metadata", dict)


def _words(values: list[Any]) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values]
