"""A command that is tested: started in folders of the kit's, waited for until it listens, and ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Final, Self

from zdr_router.conformance.leaks.hosts.http import Listening
from zdr_router.conformance.leaks.residue import with_children

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_READY: Final = 60.0
_LEAVES: Final = 15.0
_BETWEEN: Final = 0.05


class NotReady(Exception):
    """The command ended, or did not listen in time. The text says which, and never what it wrote."""


class Command:
    """`async with Command(…) as command`: listens at `port` within the block. It may be entered again."""

    def __init__(
        self, argv: Sequence[str], *, environ: Mapping[str, str], folder: Path, written: Path, port: int
    ) -> None:
        """`written` is a folder that stdout and stderr go to, into files of those names."""
        self._argv = list(argv)
        self._environ = {**os.environ, **environ}
        self._folder = folder
        self._written = written
        self._process: subprocess.Popen[bytes] | None = None
        self.host = Listening(port)

    @property
    def pids(self) -> tuple[int, ...]:
        """The command and its children."""
        return () if self._process is None else tuple(with_children(self._process.pid))

    async def __aenter__(self) -> Self:
        """Start it, and wait until it listens. Raises `NotReady`."""
        with (self._written / "stdout").open("ab") as out, (self._written / "stderr").open("ab") as err:
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - running it is what was asked for
                self._argv, cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        until = time.monotonic() + _READY
        while not await self.host.answers():
            code = self._process.poll()
            if code is not None:
                message = f"the command ended with {code} before it listened"
                raise NotReady(message)
            if time.monotonic() > until:
                await self.end()
                message = f"the command did not listen within {_READY:.0f} seconds"
                raise NotReady(message)
            await asyncio.sleep(_BETWEEN)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self.end()

    async def end(self) -> None:
        """Ask it to end, and insist if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, _LEAVES)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)


def free_port() -> int:
    """A port at which nobody listens for the moment."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port
