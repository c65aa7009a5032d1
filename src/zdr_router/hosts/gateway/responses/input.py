"""Reads `instructions` and `input` as the messages of a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from zdr_router.hosts.gateway.responses.unfit import Unfit, needs, refuse, unfit

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
    if any(_is_thought_alone(message) for message in made):
        raise unfit("input[].type", "an item of reasoning comes before the message or the call that it led to")
    return made


_UNKNOWN: Final = "items are messages, reasoning, calls of functions and custom tools, and their outputs"
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
    content = _content(item.get("content"), "input[].content")
    if made and role == "assistant" and _is_thought_alone(made[-1]):
        made[-1]["content"] = content
    else:
        made.append({"role": role, "content": content})


def _function_call(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    _only(item, "type", "id", "call_id", "name", "arguments", "status")
    _call("function", {"name": _text(item, "name"), "arguments": _text(item, "arguments")}, item, made)


def _custom_call(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    _only(item, "type", "id", "call_id", "name", "input", "status")
    _call("custom", {"name": _text(item, "name"), "input": _text(item, "input")}, item, made)


def _call(kind: str, called: dict[str, Any], item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    """Calls that follow one another are one message of the assistant, and go with what it said before."""
    call = {"id": _text(item, "call_id"), "type": kind, kind: called}
    _turn(made).setdefault("tool_calls", []).append(call)


def _output(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    _only(item, "type", "id", "call_id", "output", "status")
    content = _content(item.get("output"), "input[].output")
    made.append({"role": "tool", "tool_call_id": _text(item, "call_id"), "content": content})


def _reasoning(item: dict[str, Any], made: list[dict[str, Any]]) -> None:
    """Text of thoughts goes with what it led to. What only its writer can read is refused: nobody here can use it."""
    _only(item, "type", "id", "status", "summary", "content", "encrypted_content")
    if item.get("encrypted_content"):
        raise refuse("input[].encrypted_content", "only the provider that wrote it can read it; leave the item out")
    if item.get("summary"):
        raise refuse("input[].summary", "a chat has no place for summaries of reasoning; leave the item out")
    text = "".join(_thought(part) for part in needs(item, "content", list, "input[].content") or [])
    if text:
        turn = _turn(made)
        turn["reasoning_content"] = turn.get("reasoning_content", "") + text


def _thought(part: object) -> str:
    if not isinstance(part, dict) or part.get("type") != "reasoning_text" or not set(part) <= {"type", "text"}:
        raise unfit("input[].content[]", "the content of reasoning is reasoning_text")
    return _text(part, "text")


def _turn(made: list[dict[str, Any]]) -> dict[str, Any]:
    """The message of the assistant that is being put together, or a new one."""
    if not made or made[-1]["role"] != "assistant":
        made.append({"role": "assistant", "content": None})
    return made[-1]


def _is_thought_alone(message: dict[str, Any]) -> bool:
    return message["role"] == "assistant" and message["content"] is None and "tool_calls" not in message


_ITEMS: Final[Mapping[str, Callable[[dict[str, Any], list[dict[str, Any]]], None]]] = {
    "message": _message,
    "function_call": _function_call,
    "function_call_output": _output,
    "custom_tool_call": _custom_call,
    "custom_tool_call_output": _output,
    "reasoning": _reasoning,
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
