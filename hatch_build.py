"""The snapshot of the registry that a wheel carries, made from the very files that the wheel carries."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SnapshotHook(BuildHookInterface[Any]):
    """Puts the snapshot next to the provider files. A checkout, and so an editable install, reads the YAML."""

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make it; whoever cannot, builds no wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        snapshot = self._library()
        self._folder = tempfile.TemporaryDirectory(prefix="zdr-router-")
        path = Path(self._folder.name) / snapshot.NAME
        path.write_bytes(snapshot.build(Path(self.root) / "providers"))
        build_data["force_include"][str(path)] = f"zdr_router/_providers/{snapshot.NAME}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's
        """Clean up."""
        if self._folder is not None:
            self._folder.cleanup()

    def _library(self) -> Any:  # noqa: ANN401 - a module of the tree that is being built
        """The code that goes into this wheel, not one that happens to be installed."""
        source = str(Path(self.root) / "src")
        sys.path.insert(0, source)
        try:
            return import_module("zdr_router.registry.snapshot")
        except ImportError as missing:
            message = (
                f"the wheel carries a snapshot of the registry, and making it needs {missing.name}: "
                "install what [build-system] requires in pyproject.toml, or build with isolation"
            )
            raise RuntimeError(message) from missing
        finally:
            sys.path.remove(source)
