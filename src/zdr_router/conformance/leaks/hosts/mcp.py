"""What is said to a host that speaks MCP: JSON-RPC framed by hand, so that it can be wrong in any way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from zdr_router.conformance.leaks.deployment import ROUTES
from zdr_router.conformance.leaks.detectors.base import veiled
from zdr_router.conformance.leaks.hosts.base import Post

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from zdr_router.conformance.leaks.canaries import Words
    from zdr_router.conformance.leaks.hosts.base import Heard
    from zdr_router.conformance.leaks.paths import Path

PROTOCOL: Final = "2025-11-25"
LEFT_OUT: Final = frozenset({"tool", "image"})
"""Places of a request that the tool `ask` does not have."""

_TARGET: Final = "/mcp"
_HEADERS: Final = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": PROTOCOL,
}
_FAILED: Final = re.compile(rb'"isError":\s*true|"error":\s*\{')
"""Members of JSON: within a text their quotes would be escaped."""


class Answer:
    """What is answered to one request. It is kept veiled: the kit may be in the process that is searched."""

    def __init__(self) -> None:
        """Nothing was answered yet."""
        self._pieces: list[bytes] = []

    def hear(self, piece: bytes) -> None:
        """Take a piece."""
        self._pieces.append(veiled(piece))

    def error(self, status: int) -> bytes:
        """All of it where it is an error, of the protocol, of the tool or of HTTP; else nothing."""
        return self._whole() if status >= _BAD or _FAILED.search(self._whole()) else b""

    def _whole(self) -> bytes:
        return veiled(b"".join(self._pieces))


_BAD: Final = 400


def post(  # noqa: PLR0913 - how a host is spoken to, each by name
    path: Path, words: Words, heard: Heard, *, route: str | None, headers: Mapping[str, str], without: AbstractSet[str]
) -> Post:
    """The message of a path; `route` is what the host calls the kit's provider where it has not the kit's routes."""
    said = {**_HEADERS, **headers}
    if path.name == "wrong-key":
        said["authorization"] = f"Bearer {words['name']}"
    if path.asked == "garbage":
        return Post(_TARGET, said, b'{"jsonrpc": "2.0", "id": 1, "params": {"arguments": "%b' % _prompt(words), heard)
    message = _beside(path.name, words) if path.asked == "beside" else _asking(path, words, route, without)
    return Post(_TARGET, said, orjson.dumps(message), heard)


def _prompt(words: Words) -> bytes:
    return words["prompt"].encode()


def call(method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a message holds
    """A request of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _asking(path: Path, words: Words, route: str | None, without: AbstractSet[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"route": route or ROUTES[path.route], "prompt": f"What is {words['prompt']}?"}
    if "system" not in without:
        arguments["system"] = f"You know {words['system']}."
    if path.asked == "invalid":
        arguments |= {"prompt": {words["name"]: [words["prompt"]]}, "max_tokens": words["name"]}
    elif path.asked == "stray":
        arguments[words["name"]] = words["name"]
    message = call("tools/call", name="ask", arguments=arguments)
    if path.stream:
        message["params"]["_meta"] = {"progressToken": 1}
    return message


def _beside(name: str, words: Words) -> dict[str, Any]:
    word, asked = words["name"], {"route": words["name"], "prompt": words["prompt"]}
    match name:
        case "no-arguments":
            return call("tools/call", name="ask", arguments=words["prompt"])
        case "unknown-tool":
            return call("tools/call", name=word, arguments=asked)
        case "unknown-resource":
            return call("resources/read", uri=f"zdr://attestation/{word}")
        case "unknown-method":
            return call(word, **asked)
        case "unknown-notification":
            return {"jsonrpc": "2.0", "method": f"notifications/{word}", "params": asked}
        case _:
            return call("tools/list", cursor=word)
