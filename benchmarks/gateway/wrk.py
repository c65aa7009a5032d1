"""Load from `wrk`, which costs a few microseconds a request: so it is the server that is measured."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCRIPT: Final = Path(__file__).with_name("post.lua")


class WrkFailed(Exception):
    """Some request was not answered with 2xx, or wrk did not run."""


@dataclass(frozen=True, slots=True)
class Run:
    """What wrk tells of one run."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Requests answered."""
        return self.requests / self.seconds


def why_absent() -> str | None:
    """Why there is no load from wrk, or None."""
    return None if shutil.which("wrk") else "wrk is not installed (Debian's package `wrk`)"


class Wrk:
    """wrk, on the core of whoever starts it."""

    def __init__(self, folder: Path) -> None:
        """Files for its script go to `folder`."""
        self._folder = folder

    def run(self, url: str, body: bytes, headers: Mapping[str, str], connections: int, seconds: float) -> Run:
        """So many connections, each of which asks again once it is answered. Raises `WrkFailed`."""
        wanted, lines = self._folder / "body", self._folder / "headers"
        wanted.write_bytes(body)
        lines.write_text("".join(f"{name}: {value}\n" for name, value in headers.items()), encoding="ascii")
        # wrk takes whole seconds only; a run is never shorter than one.
        duration = str(max(1, round(seconds)))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{duration}s", "--timeout", "30s", "-s", str(_SCRIPT), url]
        finished = subprocess.run(  # noqa: S603 - wrk, found in PATH
            [*command, "--", str(wanted), str(lines)], capture_output=True, text=True, check=False
        )
        if finished.returncode:
            raise WrkFailed(f"{url}: wrk ended with {finished.returncode}: {finished.stderr.strip()[-200:]}")
        told = json.loads(finished.stdout.splitlines()[-1])
        if told["failed"] or told["broken"] or not told["requests"]:
            what = f"{told['failed']} of {told['requests']} requests were not answered with 2xx"
            raise WrkFailed(f"{url}: {what}, {told['broken']} connections broke or were too slow")
        return Run(told["requests"], told["seconds"], told["p50_ms"], told["p99_ms"])
