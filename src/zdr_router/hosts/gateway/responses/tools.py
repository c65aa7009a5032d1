"""Reads `tools` and `tool_choice` as a chat's: functions that the caller runs, and nothing that runs elsewhere."""

from __future__ import annotations

from typing import Any, Final

from zdr_router.hosts.gateway.responses.unfit import refuse, unfit

_HOSTED: Final = "it runs at a provider, which keeps state for it; functions that you run yourself are taken"
_FUNCTION: Final = ("name", "description", "parameters", "strict")
_WORDS: Final = frozenset({"none", "auto", "required"})


def tools(given: object) -> list[dict[str, Any]]:
    """Functions as a chat declares them. Raises `Unfit`."""
    if type(given) is not list:
        raise unfit("tools", "tools must be a list")
    return [_tool(tool) for tool in given]


def _tool(tool: object) -> dict[str, Any]:
    if not isinstance(tool, dict):
        raise unfit("tools[]", "tools[] must be an object")
    if tool.get("type") != "function":
        raise refuse("tools[].type", _HOSTED)
    for name in tool:
        if name not in {"type", *_FUNCTION}:
            raise unfit("tools[]", f"a function has {', '.join(_FUNCTION)}")
    return {"type": "function", "function": {name: tool[name] for name in _FUNCTION if tool.get(name) is not None}}


def choice(given: object) -> str | dict[str, Any]:
    """Which of them, as a chat says it. Raises `Unfit`."""
    if isinstance(given, str) and given in _WORDS:
        return given
    if isinstance(given, dict) and given.get("type") == "function" and set(given) == {"type", "name"}:
        return {"type": "function", "function": {"name": given["name"]}}
    raise unfit("tool_choice", f"tool_choice is one of {', '.join(sorted(_WORDS))}, or names a function")
