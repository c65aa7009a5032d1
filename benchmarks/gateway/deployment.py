"""The gateway as an operator would run it: keys with every limit, records in SQLite, an access log in a file."""

from __future__ import annotations

import datetime as dt
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.clients.routed import ACCOUNTS, ROUTE, TENANT
from benchmarks.gateway.process import NotStarted, Running, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ZDR: Final = (sys.executable, "-m", "zdr_router")
_MANY: Final = "1000000000"
_LIMITS: Final = (
    *("--requests-per-minute", _MANY),
    *("--tokens-per-minute", _MANY + "000"),
    *("--concurrent", "10000"),
    *("--usd-per-day", _MANY),
    *("--usd-per-month", _MANY),
)
"""Every kind of limit there is, none of which is reached."""


@dataclass(frozen=True, slots=True)
class Switches:
    """What of it is on."""

    keys: bool = True
    records: bool = True
    log: bool = True


@dataclass(frozen=True, slots=True)
class Deployment:
    """An operator's file in a folder of its own, and the key that a caller presents."""

    folder: Path
    port: int
    log: bool
    key: str | None

    def server(self, core: int | None, environment: Mapping[str, str] | None = None) -> Running:
        """`zdr serve` over it. Its log, the access log in it, goes to a file, or to nowhere."""
        log = self.folder / "log" if self.log else Path("/dev/null")
        return Running((*ZDR, "serve"), self.port, log, core=core, cwd=self.folder, environment=environment)

    def started(self, core: int | None, environment: Mapping[str, str]) -> tuple[float, float]:
        """Start it, end it, and tell how many seconds it took until it was ready, and how many of CPU."""
        with self.server(core, environment) as running:
            return running.seconds_to_ready, running.cpu()


def deployed(folder: Path, upstream: str, switches: Switches) -> Deployment:
    """Write everything that `zdr serve` needs. Raises `NotStarted`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "salt").write_text(secrets.token_hex(32), encoding="ascii")
    (folder / "pepper").write_text(secrets.token_hex(32), encoding="ascii")
    (folder / "zdr.yaml").write_text("\n".join(_operators_file(upstream, port, switches)), encoding="utf-8")
    key = None
    if switches.keys:
        command = (*ZDR, "keys", "add", "benchmark", "--tenant", TENANT, "--customer", "c-1", *_LIMITS)
        made = subprocess.run(  # noqa: S603 - ours
            (*command, "--out", "key"), cwd=folder, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise NotStarted(f"`zdr keys add` ended with {made.returncode}: {made.stderr.strip()}")
        key = (folder / "key").read_text(encoding="ascii").strip()
    return Deployment(folder, port, switches.log, key)


def _operators_file(upstream: str, port: int, switches: Switches) -> Iterator[str]:
    """`zdr.yaml`, line by line: three accounts of self-operated servers, as in the benchmark of calls."""
    today = dt.datetime.now(dt.UTC).date()
    since, until = today - dt.timedelta(1), today + dt.timedelta(30)
    yield "policy: {minimum_grade: contracted, cache: host_memory}"
    yield "salt: {file: salt}"
    yield "accounts:"
    for name in ACCOUNTS:
        yield f"  {name}:"
        yield "    configuration: llama-cpp/self-operated"
        yield f"    base_url: {upstream}"
        yield f'    grant: {{basis: self_operated, stated_by: "the benchmark", since: {since}, until: {until}}}'
    yield f"tenants: {{{TENANT}: {{}}, globex: {{}}}}"
    yield f"routes: {{{ROUTE}: {{targets: [{', '.join(f'{name}/x' for name in ACCOUNTS)}]}}}}"
    if switches.keys:
        yield "keys: {store: {file: keys.db}, pepper: {file: pepper}}"
    if switches.records:
        yield "records: {store: {file: records.db}}"
    without = "" if switches.keys else ", keys: none"
    yield f'gateway: {{listen: "127.0.0.1:{port}"{without}}}'
    yield ""
