"""The ports through which records leave: one is handed the metadata of a request, one says whether there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zdr_router.metadata import Metadata


class Recorder(Protocol):
    """Keeps metadata. Called on the event loop once for every request, so it must not block for long."""

    def record(self, metadata: Metadata) -> None:
        """Keep `metadata`."""
        ...


class Keeper(Protocol):
    """Without whom no request may begin."""

    @property
    def accepts(self) -> bool:
        """Whether what begins now can be recorded."""
        ...
