"""What a subject is asked through, however it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager


class Heard(Protocol):
    """Who hears an answer, piece by piece."""

    def hear(self, piece: bytes) -> None:
        """Take a piece."""


class Post(NamedTuple):
    """A request. Its body is what the subject is given, and is kept nowhere else. `heard` is told what is answered."""

    target: str
    headers: Mapping[str, str]
    body: bytes
    heard: Heard | None = None


class Exchange(Protocol):
    """A request under way. What comes is thrown away, but for what the request wanted to be heard."""

    async def status(self) -> int:
        """Wait for the head; 0 where there is none."""

    async def piece(self) -> bool:
        """Wait for a piece of the body; whether there was one."""


class Host(Protocol):
    """Something that answers requests."""

    def post(self, post: Post) -> AbstractAsyncContextManager[Exchange]:
        """Send a request; leaving the block before its end is going away."""
