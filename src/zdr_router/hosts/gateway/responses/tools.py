"""Reads `tools` and `tool_choice` as a chat's: tools that the caller runs, and nothing that runs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from zdr_router.hosts.gateway.responses.unfit import needs, refuse, unfit

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOSTED: Final = "it runs at a provider, which keeps state for it; functions and custom tools, which you run, are taken"
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "function": ("name", "description", "parameters", "strict"),
    "custom": ("name", "description", "format"),
}
"""The tools that a chat has too: there their members are one level down."""
_GRAMMAR: Final = ("syntax", "definition")
_WORDS: Final = frozenset({"none", "auto", "required"})
_MODES: Final = ("auto", "required")


def tools(given: object) -> list[dict[str, Any]]:
    """Tools as a chat declares them. Raises `Unfit`."""
    if type(given) is not list:
        raise unfit("tools", "tools must be a list")
    return [_tool(tool) for tool in given]


def _tool(tool: object) -> dict[str, Any]:
    if not isinstance(tool, dict):
        raise unfit("tools[]", "tools[] must be an object")
    kind = tool.get("type")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise refuse("tools[].type", _HOSTED)
    members = _MEMBERS[kind]
    if any(name not in {"type", *members} for name in tool):
        raise unfit("tools[]", f"a tool of this type has {', '.join(members)}")
    made = {name: tool[name] for name in members if tool.get(name) is not None}
    if "format" in made:
        made["format"] = _format(needs(made, "format", dict, "tools[].format"))
    return {"type": kind, kind: made}


def _format(given: dict[str, Any]) -> dict[str, Any]:
    """What a custom tool takes: any text, or text of a grammar."""
    kind = given.get("type")
    if kind == "text" and set(given) == {"type"}:
        return given
    if kind == "grammar" and set(given) == {"type", *_GRAMMAR}:
        return {"type": kind, "grammar": {name: given[name] for name in _GRAMMAR}}
    raise unfit("tools[].format", f"tools[].format is of type text, or of type grammar with {', '.join(_GRAMMAR)}")


def choice(given: object) -> str | dict[str, Any]:
    """Which of them, as a chat says it. Raises `Unfit`."""
    if isinstance(given, str) and given in _WORDS:
        return given
    if isinstance(given, dict):
        if given.get("type") == "allowed_tools":
            return _allowed(given)
        return _named(given, "tool_choice")
    raise unfit("tool_choice", f"tool_choice is one of {', '.join(sorted(_WORDS))}, or names tools")


def _allowed(given: dict[str, Any]) -> dict[str, Any]:
    mode, among = given.get("mode"), given.get("tools")
    if set(given) != {"type", "mode", "tools"} or mode not in _MODES or type(among) is not list:
        raise unfit("tool_choice", f"allowed_tools has tools, a list, and mode, one of {' and '.join(_MODES)}")
    named = [_named(each, "tool_choice.tools[]") for each in among]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": named}}


def _named(given: object, place: str) -> dict[str, Any]:
    kind = given.get("type") if isinstance(given, dict) else None
    if isinstance(given, dict) and isinstance(kind, str) and kind in _MEMBERS and set(given) == {"type", "name"}:
        return {"type": kind, kind: {"name": given["name"]}}
    raise unfit(place, f"{place} names a tool by type ({', '.join(_MEMBERS)}) and name")
