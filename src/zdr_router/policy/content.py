"""What a caller sent, as it was when it was read: nobody who still holds the caller's objects can change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_STREAM_OPTIONS: Final = "stream_options"


class Content:
    """The forwarded parameters of one request, serialised once, however many targets are tried.

    `json` is a JSON object of all of them but `stream_options`, which the router completes.
    """

    __slots__ = ("_values", "json", "stream_options")

    def __init__(self, body: Mapping[str, object], names: Collection[str]) -> None:
        """Serialise what `body` has under `names`. Raises `InvalidRequest` for what is not JSON."""
        members = {name: value for name, value in body.items() if name in names}
        options = members.pop(_STREAM_OPTIONS) if _STREAM_OPTIONS in members else None
        self.stream_options: dict[str, object] = {**options} if isinstance(options, dict) else {}
        self.json: bytes = _serialised(members)
        self._values: dict[str, object] | None = None

    def values(self) -> dict[str, object]:
        """All that was sent, to be looked at and not changed."""
        if self._values is None:
            self._values = self.plain()
        return self._values

    def plain(self) -> dict[str, object]:
        """All that was sent, as fresh objects that are the reader's own."""
        values: dict[str, object] = orjson.loads(self.json)
        if self.stream_options:
            values[_STREAM_OPTIONS] = self.stream_options
        return values


def _serialised(members: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(members)
    except TypeError:
        at_fault = next((name for name, value in members.items() if not _is_json(value)), None)
    # Raised here, so that no error is tied to one that holds the content.
    raise InvalidRequest(f"{at_fault or 'the body'} is not JSON", param=at_fault)


def _is_json(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True
