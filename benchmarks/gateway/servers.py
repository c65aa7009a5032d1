"""Who is measured, under which name, and how a caller reaches them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from benchmarks.clients.routed import ROUTE
from benchmarks.gateway.deployment import Switches, deployed
from benchmarks.gateway.process import Running, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.loads import Load

BARE: Final = "bare"
OURS: Final = "ours"
LITELLM: Final = "litellm"
VARIANTS: Final = {
    OURS: Switches(),
    "ours_no_log": Switches(log=False),
    "ours_no_records": Switches(records=False),
    "ours_no_keys": Switches(keys=False),
}
"""The gateway by what is switched off in it."""

TITLES: Final = {
    BARE: "pass-through by hand",
    OURS: "zdr serve",
    "ours_no_log": "… log to /dev/null",
    "ours_no_records": "… without records",
    "ours_no_keys": "… without keys",
    LITELLM: "litellm's proxy",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """What one has to send to a server."""

    model: str
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, load: Load) -> bytes:
        """The body of a request under that load."""
        asked = {"model": self.model, "messages": load.prompt().messages(), "temperature": 0}
        return orjson.dumps({**asked, "stream": True} if load.streams else asked)

    def head(self) -> dict[str, str]:
        """The headers of a request, by name."""
        return {"Content-Type": "application/json", **self.headers}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is to be started, and how it is called."""

    running: Running
    caller: Caller

    path: str = "/v1/chat/completions"

    @property
    def url(self) -> str:
        """Where chats are posted to."""
        return f"http://127.0.0.1:{self.running.port}{self.path}"


def bare(folder: Path, upstream: str, core: int | None) -> Server:
    """The pass-through."""
    port = free_port()
    command = (sys.executable, "-m", "benchmarks.gateway.bare", upstream, str(port))
    return Server(Running(command, port, folder / "bare.log", core=core), Caller("x"))


def ours(name: str, folder: Path, upstream: str, core: int | None) -> Server:
    """The gateway, with what `VARIANTS` says of it."""
    made = deployed(folder / name, upstream, VARIANTS[name])
    headers = {} if made.key is None else {"Authorization": f"Bearer {made.key}"}
    return Server(made.server(core), Caller(ROUTE, headers))


def server(name: str, folder: Path, upstream: str, core: int | None) -> Server:
    """The server of that name, not started yet."""
    return bare(folder, upstream, core) if name == BARE else ours(name, folder, upstream, core)
