"""A command that speaks MCP over stdio: one message a line on its stdin and stdout."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

import zdr_router
from zdr_router.conformance.leaks.hosts.command import NotReady
from zdr_router.conformance.leaks.hosts.mcp import PROTOCOL, call
from zdr_router.conformance.leaks.residue import with_children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from zdr_router.conformance.leaks.hosts.base import Exchange, Heard, Post

_LINE: Final = 1 << 26
_READY: Final = 60.0
_LEAVES: Final = 15.0
_OF_ITSELF: Final = 1.0
"""Seconds in which it may end because its client has closed its stdin, before it is told to."""

_HELLO: Final = call(
    "initialize",
    protocolVersion=PROTOCOL,
    capabilities={},
    clientInfo={"name": "zdr-leaks", "version": zdr_router.__version__},
)


class Speaking:
    """`async with Speaking(…) as command`: may be spoken to within the block. It may be entered again.

    What it says that answers nothing goes into the file `stdout` in `written`, and its stderr into `stderr`: those are
    searched. Answers are the caller's.
    """

    def __init__(self, argv: Sequence[str], *, environ: Mapping[str, str], folder: Path, written: Path) -> None:
        """It is not started yet."""
        self._argv = list(argv)
        self._environ = {**os.environ, **environ}
        self._folder = folder
        self._written = written
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[object, asyncio.Queue[tuple[bytes, bool]]] = {}

    @property
    def host(self) -> Self:
        """It is asked through itself."""
        return self

    @property
    def pids(self) -> tuple[int, ...]:
        """The command and its children."""
        return () if self._process is None else tuple(with_children(self._process.pid))

    async def __aenter__(self) -> Self:
        """Start it, and wait until it has said hello. Raises `NotReady`."""
        pipe = asyncio.subprocess.PIPE
        with (self._written / "stderr").open("ab") as err:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv, cwd=self._folder, env=self._environ, stdin=pipe, stdout=pipe, stderr=err, limit=_LINE
            )
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            async with asyncio.timeout(_READY), self._said(_HELLO) as exchange:
                answered = await exchange.status()
        except TimeoutError:
            answered = 0
        if not answered:
            await self.end()
            message = "the command did not answer `initialize` on its stdout"
            raise NotReady(message)
        self._write(orjson.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self.end()

    async def end(self) -> None:
        """Close its stdin, tell it to end, and insist if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for within, insist in ((_OF_ITSELF, process.terminate), (_LEAVES, process.kill)):
            try:
                await asyncio.wait_for(process.wait(), within)
                break
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    insist()
        await process.wait()
        if self._reading is not None:
            await self._reading

    @contextlib.asynccontextmanager
    async def post(self, post: Post) -> AsyncIterator[Exchange]:
        """A line, and what answers it. What is no request is followed by one, whose answer says that it was read."""
        try:
            message = orjson.loads(post.body)
        except orjson.JSONDecodeError:
            message = {}
        if "id" in message:
            async with self._said(message, post.heard) as exchange:
                yield exchange
        else:
            self._write(post.body)
            async with self._said(call("ping")) as exchange:
                yield exchange

    @contextlib.asynccontextmanager
    async def _said(self, message: dict[str, Any], heard: Heard | None = None) -> AsyncIterator[Exchange]:
        number = next(self._ids)
        message["id"] = number
        meta = message["params"].get("_meta", {})
        if "progressToken" in meta:
            meta["progressToken"] = number
        answer = _Answer(heard)
        self._waiting[number] = answer.inbox
        self._write(orjson.dumps(message))
        try:
            yield answer
        finally:
            del self._waiting[number]
            if not answer.ended:
                given_up = {"requestId": number, "reason": "it was given up"}
                self._write(orjson.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": given_up}))

    def _write(self, line: bytes) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(line + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        with (self._written / "stdout").open("ab", buffering=0) as besides:
            while line := await process.stdout.readline():
                number, last = _about(line)
                if number in self._waiting:
                    self._waiting[number].put_nowait((line if last else b"", last))
                if not last:
                    besides.write(line)
        for inbox in self._waiting.values():
            inbox.put_nowait((b"", True))


class _Answer:
    def __init__(self, heard: Heard | None) -> None:
        self._heard = heard
        self._first: tuple[bytes, bool] | None = None
        self.inbox: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self.ended = False

    async def status(self) -> int:
        line, self.ended = self._first = await self.inbox.get()
        self._hear(line)
        return 200 if line or not self.ended else 0

    async def piece(self) -> bool:
        if self._first is not None:
            self._first = None
            return True
        if self.ended:
            return False
        line, self.ended = await self.inbox.get()
        self._hear(line)
        return bool(line) or not self.ended

    def _hear(self, line: bytes) -> None:
        if self._heard is not None:
            self._heard.hear(line)


def _about(line: bytes) -> tuple[object, bool]:
    """Which request a line is about, and whether it is its answer; progress is about one as well."""
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, False
    if not isinstance(message, dict):
        return None, False
    if "method" in message:
        params = message.get("params")
        return params.get("progressToken") if isinstance(params, dict) else None, False
    return message.get("id"), "id" in message
