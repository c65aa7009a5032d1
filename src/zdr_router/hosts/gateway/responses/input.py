"""Reads `instructions` and `input` as the messages of a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from zdr_router.hosts.gateway.responses.unfit import Unfit, refuse, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ROLES: Final = frozenset({"user", "assistant", "system", "developer"})
_HOSTED: Final = "it is a part of something that runs and keeps state at a provider"
_FILE_ID: Final = "files are not kept here; send the file itself"


def messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What a chat sends. Raises `Unfit`."""
    made: list[dict[str, Any]] = []
    instructions = body.get("instructions")
    if instructions is not None:
        if type(instructions) is not str:
            raise unfit("instructions", "instructions must be a string")
        made.append({"role": "system", "content": instructions})
    given = body.get("input")
    if type(given) is str:
        return [*made, {"role": "user", "content": given}]
    if type(given) is not list or not given:
        raise unfit("input", "input must be a string, or a list of items that is not empty")
    for item in given:
        if type(item) is not dict:
            raise unfit("input[]", "input[] must be an object")
        kind = item.get("type", "message")
        reader = _ITEMS.get(kind) if type(kind) is str else None
        if reader is None:
            raise refuse("input[].type", _HOSTED if type(kind) is str and kind in _STATEFUL else _UNKNOWN)
        reader(item, made)
    return made


_UNKNOWN: Final = "items are messages, function calls and their outputs"
_STATEFUL: Final = frozenset(
    {
        "item_reference",
        "file_search_call",
        "web_search_call",
        "computer_call",
        "computer_call_output",
        "code_interpreter_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "compaction",
    }
)


def _message(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    _only(item, "type", "role", "content", "id", "status", "phase")
    role = item.get("role")
    if type(role) is not str or role not in _ROLES:
        raise unfit("input[].role", f"input[].role is one of {', '.join(sorted(_ROLES))}")
    made.append({"role": role, "content": _content(item.get("content"), "input[].content")})


def _function_call(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    """Calls that follow one another are one message of the assistant, and go with what it said before."""
    _only(item, "type", "id", "call_id", "name", "arguments", "status")
    function = {"name": _text(item, "name"), "arguments": _text(item, "arguments")}
    call = {"id": _text(item, "call_id"), "type": "function", "function": function}
    if made and made[-1]["role"] == "assistant":
        made[-1].setdefault("tool_calls", []).append(call)
    else:
        made.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _function_output(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    _only(item, "type", "id", "call_id", "output", "status")
    content = _content(item.get("output"), "input[].output")
    made.append({"role": "tool", "tool_call_id": _text(item, "call_id"), "content": content})


_ITEMS: Final[Mapping[str, Callable[[dict[str, Any], list[dict[str, Any]]], None]]] = {
    "message": _message,
    "function_call": _function_call,
    "function_call_output": _function_output,
}


def _content(content: object, place: str) -> str | list[dict[str, Any]]:
    if type(content) is str:
        return content
    if type(content) is not list:
        raise unfit(place, f"{place} must be a string or a list")
    return [_part(part, f"{place}[]") for part in content]


def _part(part: object, place: str) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or type(kind) is not str:
        raise unfit(place, f"{place} must be an object with a type")
    if part.get("file_id") is not None:
        raise refuse(f"{place}.file_id", _FILE_ID)
    match kind:
        case "input_text" | "output_text":
            _only(part, "type", "text", "annotations", "logprobs")
            return {"type": "text", "text": _text(part, "text")}
        case "refusal":
            _only(part, "type", "refusal")
            return {"type": "refusal", "refusal": _text(part, "refusal")}
        case "input_image":
            _only(part, "type", "image_url", "detail", "file_id")
            detail = {} if part.get("detail") is None else {"detail": part["detail"]}
            return {"type": "image_url", "image_url": {"url": _text(part, "image_url"), **detail}}
        case "input_file":
            if part.get("file_url") is not None:
                raise refuse(f"{place}.file_url", "somebody else would have to fetch it; send the file itself")
            _only(part, "type", "file_data", "filename", "file_id", "file_url")
            name = {} if part.get("filename") is None else {"filename": part["filename"]}
            return {"type": "file", "file": {"file_data": _text(part, "file_data"), **name}}
        case _:
            raise refuse(f"{place}.type", "parts are input_text, input_image, input_file, output_text and refusal")


def _only(item: dict[str, Any], *names: str) -> None:
    for position, name in enumerate(item):
        if name not in names:
            raise refuse(f"input[].#{position + 1}", "it is something that this API does not know; leave it out")


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if type(value) is not str:
        raise _missing(name)
    return value


def _missing(name: str) -> Unfit:
    return unfit(f"input[].{name}", f"input[].{name} must be a string")
