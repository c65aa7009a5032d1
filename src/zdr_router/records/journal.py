"""Metadata as lines of JSON in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.metadata import Metadata


class Journal:
    """A `Recorder` that appends one line for each request. Close it when the router is closed."""

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; it is created readable by its owner alone."""
        path.touch(mode=0o600)
        self.path = path
        self._file = path.open("ab", buffering=0)

    def record(self, metadata: Metadata) -> None:
        """Append one line."""
        self._file.write(orjson.dumps(metadata.as_dict()) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
