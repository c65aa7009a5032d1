"""Writes a chat's answer as a response: an object, or typed events that are numbered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from zdr_router.hosts.gateway.responses.items import ARGUMENT, OPEN, Call, Item, Spoken, Thought, finished

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zdr_router.dialects.shapes import ChatChunk, ChunkChoice, ToolCallDelta
    from zdr_router.hosts.gateway.faults import Fault
    from zdr_router.metadata import Metadata
    from zdr_router.sealed import Sealed

_REPEATED: Final[Mapping[str, object]] = {
    "frequency_penalty": 0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "service_tier": None,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""What a response repeats of its request, and what it says where that is silent."""
_INCOMPLETE: Final[Mapping[str, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseWriter:
    """Writes one response. It is a `Writer`; what it holds is content, so its `repr` says nothing of that."""

    def __init__(self, request: Sealed[dict[str, Any]]) -> None:
        """`request` is the body as it came."""
        self._request = request
        self._id = ""
        self._created = int(time.time())
        self._number = 0
        self._items: list[Item] = []
        self._calls: dict[int, Call] = {}
        self._finish: str | None = None
        self._usage: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        """How far it has come."""
        return f"<response writer, {len(self._items)} items>"

    def whole(self, body: Mapping[str, Any], metadata: Metadata) -> dict[str, Any]:
        """A `chat.completion` as a `response`."""
        self._id, self._created = metadata.request_id, body["created"]
        choice = body["choices"][0]
        message = choice["message"]
        if message.get("reasoning_content"):
            self._thought().text = message["reasoning_content"]
        for member in ("content", "refusal"):
            if message[member]:
                self._spoken(member).text = message[member]
        for call in message.get("tool_calls", ()):
            kind = call["type"]
            called = call[kind]
            self._called(kind, call["id"], called["name"]).text = called[ARGUMENT[kind]]
        self._finish, self._usage = choice["finish_reason"], body.get("usage")
        return self._response(_status(self._finish))

    def begin(self, request_id: str) -> bytes:
        """The response is there, and nothing of it yet."""
        self._id = request_id
        response = self._response("in_progress")
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    def some(self, chunks: Sequence[ChatChunk]) -> bytes:
        """What some chunks bring."""
        events: list[bytes] = []
        for chunk in chunks:
            self._usage = chunk.get("usage") or self._usage
            for choice in chunk["choices"][:1]:
                self._piece(choice, events)
        return b"".join(events)

    def end(self, told: dict[str, Any] | None) -> bytes:
        """All items are done, and so is the response."""
        events: list[bytes] = []
        for item in self._items:
            if item.status == OPEN:
                events += self._closed(item, finished(self._finish))
        status = _status(self._finish)
        response = self._response(status)
        if told is not None:
            response["zdr"] = told
        events.append(self._event(f"response.{status}", response=response))
        return b"".join(events)

    def broken(self, fault: Fault) -> bytes:
        """The response has failed: once as the response that says so, once as an error."""
        response = self._response("failed")
        response["error"] = {"code": "server_error", "message": fault.message}
        code = fault.code or fault.error_code.value
        return self._event("response.failed", response=response) + self._event(
            "error", code=code, message=fault.message, param=None
        )

    def _piece(self, choice: ChunkChoice, events: list[bytes]) -> None:
        delta = choice["delta"]
        thinking = delta.get("reasoning_content")
        if thinking:
            self._think(thinking, events)
        for member in ("content", "refusal"):
            text = delta.get(member)
            if isinstance(text, str) and text:
                self._say(member, text, events)
        for call in delta.get("tool_calls", ()):
            self._call(call, events)
        self._finish = choice["finish_reason"] or self._finish

    def _think(self, text: str, events: list[bytes]) -> None:
        last = self._items[-1] if self._items else None
        if not isinstance(last, Thought) or last.status != OPEN:
            self._close(events)
            last = self._thought()
            events += self._opened(last)
        last.text += text
        events.append(self._event(**last.delta(text)))

    def _say(self, member: str, text: str, events: list[bytes]) -> None:
        last = self._items[-1] if self._items else None
        if not isinstance(last, Spoken) or last.member != member or last.status != OPEN:
            self._close(events)
            last = self._spoken(member)
            events += self._opened(last)
        last.text += text
        events.append(self._event(**last.delta(text)))

    def _call(self, call: ToolCallDelta, events: list[bytes]) -> None:
        kind = "custom" if "custom" in call else "function"
        called: Mapping[str, Any] = call.get("custom") or call.get("function") or {}
        found = self._calls.get(call["index"])
        if found is None:
            self._close(events)
            found = self._calls[call["index"]] = self._called(kind, call.get("id", ""), called.get("name", ""))
            events += self._opened(found)
        text = called.get(ARGUMENT[found.kind])
        if text:
            found.text += text
            events.append(self._event(**found.delta(text)))

    def _opened(self, item: Item) -> list[bytes]:
        return [self._event(**event) for event in item.opened()]

    def _close(self, events: list[bytes]) -> None:
        """End what is open, because something else begins. Calls stay open till the end: their pieces may be mixed."""
        for item in self._items:
            if item.status == OPEN and not isinstance(item, Call):
                events += self._closed(item, "completed")

    def _closed(self, item: Item, status: str) -> list[bytes]:
        item.status = status
        return [self._event(**event) for event in item.closed(status)]

    def _spoken(self, member: str) -> Spoken:
        item = Spoken(f"msg_{self._id}_{len(self._items)}", len(self._items), member)
        self._items.append(item)
        return item

    def _thought(self) -> Thought:
        item = Thought(f"rs_{self._id}_{len(self._items)}", len(self._items))
        self._items.append(item)
        return item

    def _called(self, kind: str, call_id: str, name: str) -> Call:
        prefix = "fc" if kind == "function" else "ctc"
        item = Call(f"{prefix}_{self._id}_{len(self._items)}", len(self._items), kind, call_id, name)
        self._items.append(item)
        return item

    def _response(self, status: str) -> dict[str, Any]:
        asked = self._request.open()
        repeated = {name: default if asked.get(name) is None else asked[name] for name, default in _REPEATED.items()}
        is_over = status != "in_progress"
        reason = _INCOMPLETE.get(self._finish or "") if status == "incomplete" else None
        return {
            "id": f"resp_{self._id}",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "completed_at": int(time.time()) if status == "completed" else None,
            "error": None,
            "incomplete_details": None if reason is None else {"reason": reason},
            "model": asked.get("model"),
            "output": [self._whole(item) for item in self._items] if is_over else [],
            "previous_response_id": None,
            "reasoning": {"effort": (asked.get("reasoning") or {}).get("effort"), "summary": None},
            "store": False,
            "usage": _usage(self._usage) if is_over else None,
            **repeated,
        }

    def _whole(self, item: Item) -> dict[str, Any]:
        return item.whole(finished(self._finish) if item.status == OPEN else item.status)

    def _event(self, type: str, **members: object) -> bytes:  # noqa: A002 - the event's own word
        number, self._number = self._number, self._number + 1
        event = {"type": type, "sequence_number": number, **members}
        return b"event: %s\ndata: %s\n\n" % (type.encode("ascii"), orjson.dumps(event))


def _status(finish: str | None) -> str:
    return "incomplete" if finish in _INCOMPLETE else "completed"


def _usage(usage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    read, written = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return {
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {
            "cached_tokens": read.get("cached_tokens", 0),
            "cache_write_tokens": read.get("cache_write_tokens", 0),
        },
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": written.get("reasoning_tokens", 0)},
        "total_tokens": usage["total_tokens"],
    }
