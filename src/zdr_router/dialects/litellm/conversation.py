"""A request made ready for litellm: without null members, and without anything that it would fetch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Json = dict[str, Any]
Wire = dict[str, object]

_INLINE: Final = re.compile(r"data:([A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+);base64,")


class Writer(Protocol):
    """Writes a request in one format; may raise whatever litellm raises."""

    def __call__(self, body: dict[str, object], *, model: str, stream: bool) -> Wire:
        """The wire's body, a new object."""
        ...


class Inexpressible(Exception):
    """The request is one that the format, or litellm, cannot express. Raised and caught within this package."""


def said(value: Mapping[str, Any]) -> Json:
    """An object without its null members, which mean the same as none."""
    return {name: inner for name, inner in value.items() if inner is not None}


def conversation(body: Mapping[str, object], *, media: Collection[str] | None = None) -> list[Json]:
    """The messages; media in them are base64 and nothing else, so there is no address in them to look up.

    `media`: the types of images and documents that the format takes; None where its reference names none.
    """
    given: list[Json] = body["messages"]  # type: ignore[assignment]  # read before it was cleared
    messages = [said(message) for message in given]
    for message in messages:
        if message["role"] == "developer":
            message["role"] = "system"
        content = message.get("content")
        if type(content) is list:
            message["content"] = parts = [said(part) for part in content]
            for part in parts:
                _check_media(part, media)
    return messages


def _check_media(part: Json, media: Collection[str] | None) -> None:
    match part["type"]:
        case "image_url":
            kind = _inline_type(part["image_url"]["url"])
            if not kind.startswith("image/") or (media is not None and kind not in media):
                raise Inexpressible
        case "file":
            kind = _inline_type(part["file"]["file_data"])
            if kind.startswith("image/") or (media is not None and kind not in media):
                raise Inexpressible
        case "input_audio":
            if ":" in part["input_audio"]["data"]:
                raise Inexpressible


def _inline_type(address: str) -> str:
    match = _INLINE.match(address)
    if match is None or address.find(":", match.end()) >= 0:
        raise Inexpressible
    return match[1]


def tools(body: Mapping[str, object]) -> list[Json]:
    """The function tools."""
    given: list[Json] = body.get("tools") or []  # type: ignore[assignment]  # read before it was cleared
    return [{**said(tool), "function": said(tool["function"])} for tool in given]


def strictness(made: list[Json]) -> list[bool | None]:
    """What each tool says of following its schema. litellm drops it, or makes it depend on tables of its own."""
    return [tool["function"].pop("strict", None) for tool in made]


def schema_of(body: Mapping[str, object]) -> Json | None:
    """The `response_format` that asks for a schema."""
    wanted: Json | None = body.get("response_format")  # type: ignore[assignment]  # read before it was cleared
    if wanted is None or wanted["type"] != "json_schema":
        return None
    return {"type": "json_schema", "json_schema": said(wanted["json_schema"])}


def stops(body: Mapping[str, object]) -> list[object] | None:
    """The stop sequences, as a list."""
    stop = body.get("stop")
    return stop if stop is None or isinstance(stop, list) else [stop]


def limit(body: Mapping[str, object]) -> int | None:
    """How many tokens the answer may have."""
    most = body.get("max_completion_tokens")
    most = body.get("max_tokens") if most is None else most
    return most if isinstance(most, int) else None


def renamed(body: Mapping[str, object], names: Mapping[str, str]) -> Wire:
    """The parameters that are there, under the format's names."""
    return {theirs: body[ours] for ours, theirs in names.items() if body.get(ours) is not None}


def remembered(ask: Callable[[str], Any]) -> Callable[[str], Any]:
    """What litellm's tables say of a model, looked up once for each; models are those of the configuration."""
    known: dict[str, Any] = {}

    def answer(model: str) -> Any:  # noqa: ANN401 - whatever `ask` gives
        if model not in known:
            known[model] = ask(model)
        return known[model]

    return answer
