"""One whole run: mock and callers on one core, the servers on another, one of which has work at a time."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from benchmarks.gateway import goals
from benchmarks.gateway.answers import WrongAnswer, check
from benchmarks.gateway.bare import http_implementation
from benchmarks.gateway.growth import growth
from benchmarks.gateway.held import hold
from benchmarks.gateway.litellm_proxy import litellm_proxy
from benchmarks.gateway.process import NotStarted
from benchmarks.gateway.rounds import Turns, figures
from benchmarks.gateway.servers import BARE, LITELLM, OURS, VARIANTS, server
from benchmarks.gateway.starts import start_figures
from benchmarks.gateway.wrk import Wrk, WrkFailed, why_absent
from benchmarks.loads import LOADS, Load
from benchmarks.measure import cores, machine, version
from benchmarks.server import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.gateway.efforts import Effort
    from benchmarks.gateway.servers import Server
    from benchmarks.measure import Cores

_CHAT: Final = LOADS["chat_c32"]
_OTHERS: Final = (
    LOADS["chat_c1"],
    replace(_CHAT, name="chat_c256", in_flight=256),
    LOADS["stream_c32"],
    LOADS["burst_c32"],
)
_LONG: Final = 10.0
"""Seconds of a turn in which a server that answers some dozen requests a second answers enough of them."""
_PACKAGES: Final = ("zdr-router", "uvicorn", "uvloop", "httptools", "h11", "starlette", "aiohttp", "sqlalchemy")


class Run:
    """What is running, and what has been measured."""

    def __init__(
        self, effort: Effort, where: Cores, folder: Path, mock: MockServer, say: Callable[[str], None]
    ) -> None:
        """Nothing has been measured yet; files go to `folder`, `say` is told what is being done."""
        self.loads: dict[str, dict[str, Any]] = {}
        self.held: dict[str, dict[str, Any]] = {}
        self.growth: dict[str, Any] = {}
        self.start: dict[str, Any] = {}
        self.absent: dict[str, str] = {}
        self._effort = effort
        self._core = where.clients
        self._folder = folder
        self._upstream = f"http://127.0.0.1:{mock.port}/v1"
        self._turns = Turns(Wrk(folder), mock, effort.seconds)
        self._say = say

    def starting(self) -> None:
        """How long it takes until it serves, while nobody else runs."""
        self._say("starting")
        effort = self._effort
        self.start = start_figures(self._folder, self._upstream, self._core, effort.starts, from_files=effort.thorough)

    def serving(self) -> None:
        """Every load, streams that are held, and memory."""
        thorough = self._effort.thorough
        names = [BARE, *(VARIANTS if thorough else [OURS])]
        with ExitStack() as stack:
            servers = {name: server(name, self._folder, self._upstream, self._core) for name in names}
            for each in servers.values():
                stack.enter_context(each.running)
            pair = {name: servers[name] for name in (BARE, OURS)}
            if why := why_absent():
                check(servers[OURS], _CHAT)
                self.absent["every load, and memory"] = why
            else:
                self._under(_CHAT, servers, self._effort.rounds, self._turns)
                for load in _OTHERS:
                    self._under(load, pair, self._effort.others, self._turns)
            for name in (BARE, OURS) if thorough else (OURS,):
                self._say(f"{self._effort.streams} streams at a time: {name}")
                self.held[name] = hold(servers[name], self._effort.streams)
            if not why:
                self._growing(servers[OURS])

    def against_litellm(self, command: str | None) -> None:
        """The proxy of litellm and the gateway in turns, both of them started anew."""
        if command is None or not self._effort.rivals or why_absent():
            self.absent[LITELLM] = why_absent() or (
                f"not measured with effort {self._effort.name}" if command else "no --litellm COMMAND was given"
            )
            return
        self._say(LITELLM)
        try:
            with ExitStack() as stack:
                rival = litellm_proxy(command, self._folder, self._upstream, self._core)
                stack.enter_context(rival.running)
                mine = server(OURS, self._folder / "again", self._upstream, self._core)
                stack.enter_context(mine.running)
                load = replace(_CHAT, name=f"{_CHAT.name}_{LITELLM}")
                turns = replace(self._turns, seconds=_LONG)
                self._under(load, {LITELLM: rival, OURS: mine}, self._effort.rivals, turns, base=LITELLM)
        except (NotStarted, WrkFailed, WrongAnswer, OSError) as error:
            self.absent[LITELLM] = str(error)

    def _under(self, load: Load, servers: Mapping[str, Server], rounds: int, turns: Turns, *, base: str = BARE) -> None:
        if not rounds:
            self.absent[load.name] = f"not measured with effort {self._effort.name}"
            return
        self._say(load.name)
        for each in servers.values():
            check(each, load)
        self.loads[load.name] = figures(turns.take(servers, load, rounds), base)

    def _growing(self, mine: Server) -> None:
        if not self._effort.requests:
            self.absent["memory"] = f"not measured with effort {self._effort.name}"
            return
        self._say(f"memory over {self._effort.requests} requests")
        self.growth = growth(mine, _CHAT, self._turns.wrk, self._effort.requests)


def measure(effort: Effort, litellm: str | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Run everything, and give one JSON object. `litellm` is its command, if it is to be measured."""
    began = time.perf_counter()
    where = cores()
    if where.server is not None:
        os.sched_setaffinity(0, {where.server})  # wrk as well, and the client of streams
    with TemporaryDirectory() as name, MockServer(where.server) as mock:
        run = Run(effort, where, Path(name), mock, say)
        run.starting()
        run.serving()
        run.against_litellm(litellm)
    result = {
        "loads": run.loads,
        "held": run.held,
        "growth": run.growth,
        "start": run.start,
        "absent": run.absent,
        "http": http_implementation(),
        "machine": machine(where),
        "versions": {package: version(package) for package in _PACKAGES},
        "effort": effort.name,
        "seconds": round(time.perf_counter() - began, 1),
    }
    measured = goals.figures(result)
    met = {name: goal.is_met(measured[name]) for name, goal in goals.GOALS.items()}
    return {"figures": measured, "met": met, **result}
