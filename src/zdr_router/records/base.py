"""The port through which records leave: one method that is handed the metadata of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zdr_router.metadata import Metadata


class Recorder(Protocol):
    """Keeps metadata. Called on the event loop once for every request, so it must not block for long."""

    def record(self, metadata: Metadata) -> None:
        """Keep `metadata`."""
        ...
