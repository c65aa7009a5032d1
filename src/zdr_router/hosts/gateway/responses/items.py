"""The items of a response's output, and the events that each of them goes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Event: TypeAlias = "dict[str, Any]"

OPEN: Final = "in_progress"

ARGUMENT: Final[Mapping[str, str]] = {"function": "arguments", "custom": "input"}
"""What a chat and a response both call the text that a tool is called with, by the kind of the tool."""


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
    status: str = OPEN

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
                "item": self._item(OPEN, []),
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
class Thought:
    """What the model thought, as far as the provider shows it. It is the text itself, so the summary stays empty."""

    id: str
    index: int
    text: str = field(default="", repr=False)
    status: str = OPEN

    @property
    def _where(self) -> Event:
        return {"item_id": self.id, "output_index": self.index, "content_index": 0}

    def whole(self, status: str) -> Event:
        """The item as it stands."""
        return self._item(status, [_thinking(self.text)])

    def _item(self, status: str, content: list[Event]) -> Event:
        return {"type": "reasoning", "id": self.id, "status": status, "summary": [], "content": content}

    def opened(self) -> list[Event]:
        """It begins."""
        item = self._item(OPEN, [])
        return [
            {"type": "response.output_item.added", "output_index": self.index, "item": item},
            {"type": "response.content_part.added", **self._where, "part": _thinking("")},
        ]

    def delta(self, text: str) -> Event:
        """More of it."""
        return {"type": "response.reasoning_text.delta", **self._where, "delta": text}

    def closed(self, status: str) -> list[Event]:
        """It is over."""
        return [
            {"type": "response.reasoning_text.done", **self._where, "text": self.text},
            {"type": "response.content_part.done", **self._where, "part": _thinking(self.text)},
            {"type": "response.output_item.done", "output_index": self.index, "item": self.whole(status)},
        ]


def _thinking(text: str) -> Event:
    return {"type": "reasoning_text", "text": text}


@dataclass(slots=True)
class Call:
    """A call of a tool of the caller's: of a function, or of a custom tool, which takes plain text."""

    id: str
    index: int
    kind: str
    call_id: str = field(repr=False)
    name: str = field(repr=False)
    text: str = field(default="", repr=False)
    status: str = OPEN

    @property
    def _member(self) -> str:
        return ARGUMENT[self.kind]

    @property
    def _events(self) -> str:
        return "response.function_call_arguments" if self.kind == "function" else "response.custom_tool_call_input"

    def whole(self, status: str) -> Event:
        """The item as it stands."""
        return {
            "type": "function_call" if self.kind == "function" else "custom_tool_call",
            "id": self.id,
            "call_id": self.call_id,
            "name": self.name,
            self._member: self.text,
            "status": status,
        }

    def opened(self) -> list[Event]:
        """It begins."""
        return [
            {"type": "response.output_item.added", "output_index": self.index, "item": self.whole(OPEN)},
        ]

    def delta(self, text: str) -> Event:
        """More of its arguments, or of its input."""
        return {"type": f"{self._events}.delta", "item_id": self.id, "output_index": self.index, "delta": text}

    def closed(self, status: str) -> list[Event]:
        """It is over."""
        done = {"type": f"{self._events}.done", "item_id": self.id, "output_index": self.index}
        named = {"name": self.name} if self.kind == "function" else {}
        return [
            {**done, **named, self._member: self.text},
            {"type": "response.output_item.done", "output_index": self.index, "item": self.whole(status)},
        ]


Item: TypeAlias = Spoken | Thought | Call
