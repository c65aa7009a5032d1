"""Drives the library in a process where nothing else has canaries, so that its memory can be read by another one.

`python -m zdr_router.conformance.leaks.alone SEED CONFIG`, and on stdin one line `FAÇADE PATH` for each request.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from zdr_router.config import load
from zdr_router.conformance.leaks.canaries import Canaries
from zdr_router.conformance.leaks.detectors.errors import Errors
from zdr_router.conformance.leaks.library import FACADES
from zdr_router.conformance.leaks.paths import PATHS
from zdr_router.conformance.leaks.residue import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path as FilePath

    from zdr_router.conformance.leaks.paths import Path
    from zdr_router.conformance.leaks.provider.handle import Provider


def residue(
    provider: Provider, canaries: Canaries, config: FilePath, paths: Iterable[Path]
) -> tuple[Mapping[str, int] | None, str]:
    """Copies in the memory of a process that took these paths, as `count` gives them.

    Left out are paths that wait long, and those on which the caller has to see what the provider got.
    """
    command = [sys.executable, "-m", "zdr_router.conformance.leaks.alone", canaries.seed, str(config)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - its own
        try:
            if process.stdin is None or process.stdout is None:
                return None, "the process has no pipes"
            for facade in FACADES:
                for path in paths:
                    if path.leaving in {"cancel", "close"} or path.route == "impatient" or path.asked == "garbage":
                        continue
                    provider.behave(path.behaviour, path.name)
                    process.stdin.write(f"{facade.name} {path.name}\n".encode())
                    process.stdin.flush()
                    if not process.stdout.readline():
                        return None, "the process whose memory is read has ended"
            return count([process.pid], canaries)
        finally:
            process.kill()


def main(seed: str, config: str) -> None:
    """Take each path that is named on stdin, and say so."""
    canaries, deployment = Canaries(seed), load(config)
    known = {path.name: path for path in PATHS}
    facades = {kind.name: kind(deployment, None, Errors()) for kind in FACADES}
    for line in sys.stdin:
        facade, name = line.split()
        facades[facade].drive(known[name], canaries.of(name), lambda: None)
        print("done", flush=True)  # noqa: T201 - what the other process waits for


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
