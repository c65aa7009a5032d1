"""The items of a response's output, and the events that each of them goes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Event: TypeAlias = "dict[str, Any]"


def finished(reason: str | None) -> str:
    """The status of an item, by the reason for which the answer ended."""
    return "incomplete" if reason in {None, "length", "content_filter"} else "completed"


@dataclass(slots=True)
class Spoken:
    """A message: text, or a refusal in words. `member` is what a chat calls that."""

    id: str
    index: int
    member: str
    text: str = field(default="", repr=False)
    is_done: bool = False

    @property
    def _where(self) -> Event:
        return {"item_id": self.id, "output_index": self.index, "content_index": 0}

    def _part(self, text: str) -> Event:
        if self.member == "refusal":
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def whole(self, status: str) -> Event:
        """The item as it stands."""
        return self._item(status, [self._part(self.text)])

    def _item(self, status: str, content: list[Event]) -> Event:
        return {"type": "message", "id": self.id, "status": status, "role": "assistant", "content": content}

    def opened(self) -> list[Event]:
        """It begins."""
        return [
            {
                "type": "response.output_item.added",
                "output_index": self.index,
                "item": self._item("in_progress", []),
            },
            {"type": "response.content_part.added", **self._where, "part": self._part("")},
        ]

    def delta(self, text: str) -> Event:
        """More of it."""
        if self.member == "refusal":
            return {"type": "response.refusal.delta", **self._where, "delta": text}
        return {"type": "response.output_text.delta", **self._where, "delta": text, "logprobs": []}

    def closed(self, status: str) -> list[Event]:
        """It is over."""
        said: Event = {"type": "response.output_text.done", **self._where, "text": self.text, "logprobs": []}
        if self.member == "refusal":
            said = {"type": "response.refusal.done", **self._where, "refusal": self.text}
        part = {"type": "response.content_part.done", **self._where, "part": self._part(self.text)}
        return [
            said,
            part,
            {"type": "response.output_item.done", "output_index": self.index, "item": self.whole(status)},
        ]


@dataclass(slots=True)
class FunctionCall:
    """A call of a function of the caller's."""

    id: str
    index: int
    call_id: str = field(repr=False)
    name: str = field(repr=False)
    arguments: str = field(default="", repr=False)
    is_done: bool = False

    def whole(self, status: str) -> Event:
        """The item as it stands."""
        return {
            "type": "function_call",
            "id": self.id,
            "call_id": self.call_id,
            "name": self.name,
            "arguments": self.arguments,
            "status": status,
        }

    def opened(self) -> list[Event]:
        """It begins."""
        return [
            {"type": "response.output_item.added", "output_index": self.index, "item": self.whole("in_progress")},
        ]

    def delta(self, arguments: str) -> Event:
        """More of it."""
        return {
            "type": "response.function_call_arguments.delta",
            "item_id": self.id,
            "output_index": self.index,
            "delta": arguments,
        }

    def closed(self, status: str) -> list[Event]:
        """It is over."""
        return [
            {
                "type": "response.function_call_arguments.done",
                "item_id": self.id,
                "output_index": self.index,
                "name": self.name,
                "arguments": self.arguments,
            },
            {"type": "response.output_item.done", "output_index": self.index, "item": self.whole(status)},
        ]


Item: TypeAlias = Spoken | FunctionCall
