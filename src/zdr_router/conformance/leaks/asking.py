"""What is asked on a path: a request in which every place has its canary."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from zdr_router.conformance.leaks.canaries import Words
    from zdr_router.conformance.leaks.paths import Path

OPTIONAL: Final = ("system", "tool", "image")
"""Places of a request that a subject may not know, and that can be left out."""


def asked(path: Path, words: Words, without: AbstractSet[str] = frozenset()) -> dict[str, Any]:
    """The body, without `model` and `stream`; `without` are places of it that are left out."""
    if path.asked == "embed":
        return {"input": words["prompt"]}
    body: dict[str, Any] = {"messages": _messages(words, without), "max_tokens": 64}
    if "tool" not in without:
        parameters = {"type": "object", "properties": {"query": {"type": "string"}}}
        function = {"name": "look_up", "description": f"Knows {words['tool']}.", "parameters": parameters}
        body["tools"] = [{"type": "function", "function": function}]
    match path.asked:
        case "refused":
            body["store"] = True
        case "invalid":
            body["messages"].append({"role": words["name"], "content": {words["name"]: words["prompt"]}})
        case "stray":
            body |= {words["name"]: words["name"], "user": words["name"]}
    return body


def _messages(words: Words, without: AbstractSet[str]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if "system" not in without:
        messages.append({"role": "system", "content": f"You know {words['system']}."})
    question = {"type": "text", "text": f"What is {words['prompt']}?"}
    if "image" in without:
        messages.append({"role": "user", "content": question["text"]})
    else:
        image = {"type": "image_url", "image_url": {"url": _data_url(words["image"])}}
        messages.append({"role": "user", "content": [question, image]})
    if "tool" not in without:
        function = {"name": "look_up", "arguments": f'{{"query": "{words["tool"]}"}}'}
        call = {"id": "call_1", "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": f"Nothing of {words['tool']}."},
        ]
    return messages


def _data_url(word: str) -> str:
    """A picture of one pixel with the word as its comment."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"tEXt", b"Comment\0" + word.encode()),
        (b"IDAT", zlib.compress(bytes(4))),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    picture = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
