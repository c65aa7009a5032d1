"""What a message is about, as far as a key and the log have to know: which operation, on which route, how much of it.

The tools hold every call to what was admitted for it, so a reader that understands a message otherwise gains nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from zdr_router.sealed import Sealed

_CHARACTERS_PER_TOKEN: Final = 4
_ANSWER: Final = 1024
"""Tokens that an answer is taken to have where the call does not say how long it may be."""

OTHER: Final = "mcp.other"
"""What a message is called that is none of those below: no caller chooses a word of the log."""
_METHODS: Final = {
    "initialize": "mcp.initialize",
    "ping": "mcp.ping",
    "server/discover": "mcp.discover",
    "tools/list": "mcp.list",
    "resources/list": "mcp.list",
    "resources/templates/list": "mcp.list",
    "prompts/list": "mcp.list",
    "resources/read": "mcp.read",
    "prompts/get": "mcp.read",
    "notifications/initialized": "mcp.notification",
    "notifications/cancelled": "mcp.notification",
}
_TOOLS: Final = {
    "ask": "mcp.ask",
    "explain_route": "mcp.explain_route",
    "list_models": "mcp.list_models",
    "check_registry": "mcp.check_registry",
}
_SCOPES: Final = {"mcp.ask": "chat.completions", "mcp.explain_route": "explain", "mcp.list_models": "models"}


class Called(NamedTuple):
    """What a message calls: a word of ours, and for the tools that are about one, the route.

    `tokens` is what `ask` may take, `id` that of the message, to be given back.
    """

    operation: str = OTHER
    route: str | None = None
    tokens: int = 0
    id: str | int | None = None

    @property
    def asks(self) -> bool:
        """Whether somebody is asked: everything else is answered from what is here."""
        return self.operation == "mcp.ask"

    @property
    def scope(self) -> str | None:
        """What a key has to be for, as at the gateway; None for what every key may do."""
        return _SCOPES.get(self.operation)

    def __repr__(self) -> str:
        """The word of ours."""
        return f"<called {self.operation}>"


def peek(body: Sealed[bytes]) -> Called | None:
    """What the message in `body` calls; None where it is none."""
    try:
        message = orjson.loads(body.open())
    except orjson.JSONDecodeError:
        message = None
    return _called(message) if isinstance(message, dict) else None


def _called(message: dict[str, Any]) -> Called:
    method, given, id_ = message.get("method"), message.get("params"), message.get("id")
    about = given if isinstance(given, dict) else {}
    called = Called(_word(_METHODS, method), id=id_ if isinstance(id_, str | int) else None)
    if method != "tools/call":
        return called
    arguments = about.get("arguments")
    called = called._replace(operation=_word(_TOOLS, about.get("name"), "mcp.tool"))
    return _with_arguments(called, arguments if isinstance(arguments, dict) else {})


def _word(words: dict[str, str], given: object, other: str = OTHER) -> str:
    return words.get(given, other) if isinstance(given, str) else other


def _with_arguments(called: Called, arguments: dict[str, Any]) -> Called:
    """A route that is no text is none; the tool will say so."""
    if called.operation not in {"mcp.ask", "mcp.explain_route"}:
        return called
    route = arguments.get("route")
    called = called._replace(route=route if isinstance(route, str) else "")
    if not called.asks:
        return called
    longest = arguments.get("max_tokens")
    characters = sum(len(text) for text in (arguments.get("prompt"), arguments.get("system")) if isinstance(text, str))
    answer = longest if isinstance(longest, int) and longest > 0 else _ANSWER
    return called._replace(tokens=characters // _CHARACTERS_PER_TOKEN + answer)
