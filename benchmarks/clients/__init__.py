"""Which clients are compared, and in whose company each one runs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.clients.base import Opener


@dataclass(frozen=True, slots=True)
class Entry:
    """A client: the module here that holds its `open_<name>`, the packages it needs, and how it is shown.

    Clients of one module share a worker process, since they share what it imports; no others do.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    title: str

    def opener(self) -> Opener:
        """What opens it; imports everything that it needs."""
        module = importlib.import_module(f"benchmarks.clients.{self.module}")
        opener: Opener = getattr(module, f"open_{self.name}")
        return opener


BASE: Final = "aiohttp"
"""The client that the others are held against."""

OURS: Final = "ours"

ENTRIES: Final = {
    entry.name: entry
    for entry in (
        Entry("aiohttp", "bare_aiohttp", ("aiohttp", "orjson"), "aiohttp + orjson, by hand"),
        Entry("ours", "routed", ("zdr-router",), "zdr-router: three targets, cleared and guarded"),
        Entry("pyreqwest", "bare_pyreqwest", ("pyreqwest", "orjson"), "pyreqwest + orjson, by hand"),
        Entry("tensorzero", "embedded_tensorzero", ("tensorzero",), "tensorzero, embedded gateway"),
        Entry("openai", "openai_sdk", ("openai",), "openai SDK"),
        Entry("litellm", "litellm_sdk", ("litellm",), "litellm.acompletion"),
        Entry("litellm_router", "litellm_sdk", ("litellm",), "litellm.Router: three deployments"),
    )
}
"""Every client, in the order in which it is shown and, turned by one for each round, run."""
