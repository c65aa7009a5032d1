"""One soak from its first request to what it found."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deployments import parts

from soak import watch
from soak.books import Records, unaccounted
from soak.load import Callers
from zdr_router import AsyncRouter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from soak.settings import Settings
    from zdr_router.records.base import Recorder

_TESTS = Path(__file__).parents[1]
_LET_GO = 5.0
_PATIENCE = {
    "timeout": "2s",
    "attempt_timeout": "400ms",
    "first_chunk_timeout": "300ms",
    "chunk_timeout": "300ms",
    "hedge_after": "150ms",
    "strategy": "weighted",
}


class Server:
    """An upstream process."""

    def __init__(self, name: str, seed: int, file: Path) -> None:
        """Wait until it listens."""
        command = [sys.executable, "-m", "soak.server", name, str(seed), str(file)]
        self._process = subprocess.Popen(command, cwd=_TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.arrivals = file
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"

    def connections(self) -> int:
        """How many are open, as the server sees it."""
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self) -> None:
        """End it; what arrived is written by then."""
        self._process.communicate(timeout=_LET_GO)


@dataclass
class Report:
    """What was done, and what was wrong."""

    settings: Settings
    issued: int = 0
    seconds: float = 0.0
    ended: Mapping[str, int] = field(default_factory=dict)
    memory: tuple[float, float] = (0.0, 0.0)
    files: tuple[int, int] = (0, 0)
    lines: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """The share by which memory grew after the warm-up."""
        before, after = self.memory
        return after / before - 1

    def __str__(self) -> str:
        """As a person reads it."""
        before, after = (size / (1 << 20) for size in self.memory)
        return "\n".join([
            f"{self.issued} requests in {self.seconds:.0f} s ({self.issued / self.seconds:.0f} a second)",
            f"{self.settings.in_flight} in flight, {self.settings.upstreams} upstreams, seed {self.settings.seed}",
            *(f"  {count:>8}  {how}" for how, count in sorted(self.ended.items(), key=lambda each: -each[1])),
            f"memory {before:.1f} MiB after the warm-up, {after:.1f} MiB at the end ({self.growth:+.2%})",
            f"open files {self.files[0]} before, {self.files[1]} after; {self.lines} lines logged",
            *(f"problem: {problem}" for problem in self.problems),
            "failed" if self.problems else "passed",
        ])  # fmt: skip


def soak(settings: Settings, around: Callable[[Recorder], Recorder] = lambda recorder: recorder) -> Report:
    """Run one; `around` may wrap the recorder, to see that what goes wrong is noticed."""
    with tempfile.TemporaryDirectory() as folder, _servers(settings, Path(folder)) as servers:
        report = Report(settings)
        records = Path(folder) / "records"
        asyncio.run(_soak(report, servers, records, around))
        for server in servers.values():
            server.stop()
        arrivals = {name: server.arrivals for name, server in servers.items()}
        report.problems += unaccounted(report.issued, records, arrivals)
        return report


async def _soak(
    report: Report, servers: Mapping[str, Server], path: Path, around: Callable[[Recorder], Recorder]
) -> None:
    settings, samples, files = report.settings, list[int](), watch.open_files()
    records = Records(path)
    router = AsyncRouter(
        **parts(*(server.url for server in servers.values()), **_PATIENCE), recorders=[around(records)]
    )
    with watch.listening() as logged, watch.complaints() as complaints:
        async with router:
            callers, began = Callers(router, settings), time.monotonic()
            await asyncio.gather(callers.run(), watch.sample(settings.seconds, samples))
            report.seconds = time.monotonic() - began
        left = await _left_open(servers)
        gc.collect()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
    records.close()
    report.issued, report.ended = callers.issued, callers.ended
    report.memory, report.lines = watch.settled(samples), logged.lines
    report.files = files, watch.open_files()
    report.problems += _problems(report, left, len(tasks), complaints)
    if records.with_content or logged.with_content:
        report.problems.append(f"content in {records.with_content} records and {logged.with_content} lines logged")


def _problems(report: Report, left: int, tasks: int, complaints: list[str]) -> list[str]:
    found = {
        f"memory grew by {report.growth:.2%}": report.growth > report.settings.growth,
        f"{report.files[1] - report.files[0]} files stayed open": report.files[1] > report.files[0],
        f"{left} connections stayed open at the upstreams": left,
        f"{tasks} tasks were left": tasks,
        f"the event loop complained: {sorted(set(complaints))}": complaints,
        f"{report.issued} requests issued, {sum(report.ended.values())} ended": (
            report.issued != sum(report.ended.values())
        ),
        "nothing was answered": not {"answer", "stream", "vectors"} <= report.ended.keys(),
    }
    return [problem for problem, holds in found.items() if holds]


async def _left_open(servers: Mapping[str, Server]) -> int:
    """Connections that the upstreams still see, once they have had the time to notice."""
    for _ in range(int(_LET_GO / 0.1)):
        left = sum(server.connections() for server in servers.values())
        if not left:
            return 0
        await asyncio.sleep(0.1)
    return left


@contextlib.contextmanager
def _servers(settings: Settings, folder: Path) -> Iterator[dict[str, Server]]:
    """Upstream processes, by the target that each is."""
    with contextlib.ExitStack() as stack:
        servers = {}
        for name in "abcdefgh"[: settings.upstreams]:
            servers[f"{name}/m"] = Server(name, settings.seed, folder / name)
            stack.callback(servers[f"{name}/m"].stop)
        yield servers
