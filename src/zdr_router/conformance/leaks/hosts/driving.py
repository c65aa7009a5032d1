"""Drives a host through a path."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import orjson

from zdr_router.conformance.leaks.asking import asked
from zdr_router.conformance.leaks.demand import Expected
from zdr_router.conformance.leaks.deployment import ROUTES
from zdr_router.conformance.leaks.hosts import mcp
from zdr_router.conformance.leaks.hosts.base import Host, Post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from zdr_router.conformance.leaks.canaries import Words
    from zdr_router.conformance.leaks.detectors.answers import Answers
    from zdr_router.conformance.leaks.paths import Path
    from zdr_router.conformance.leaks.provider.handle import Provider

WELL: Final = "200"
_FINE: Final = 200
_MOMENT: Final = 0.05
_PATIENCE: Final = 40.0
_PATHS: Final = {"embed": "/v1/embeddings"}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a host is spoken to.

    `model`: what it calls what the kit's provider serves; None where it reads the kit's file and has its routes.
    `headers` go with each request, `without` are places that are left out of it. `mcp`: how it speaks MCP, "" where it
    speaks OpenAI's chat completions.
    """

    model: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    mcp: Literal["", "http", "stdio"] = ""

    @property
    def expected(self) -> Expected:
        """What such a host is expected to do."""
        without = self.without | mcp.LEFT_OUT if self.mcp else self.without
        return Expected(WELL, refuses=self.kits, without=without)

    @property
    def kits(self) -> bool:
        """Whether it reads the kit's file, and so has its policy and routes."""
        return self.model is None

    def fitting(self, paths: Iterable[Path]) -> list[Path]:
        """The paths that it has: where no provider answers or no time is given is for the kit's routes only."""
        return [path for path in paths if self.kits or path.route == "usual"]


async def drive(  # noqa: PLR0913, PLR0917 - the parts of a run
    host: Host,
    path: Path,
    words: Words,
    provider: Provider,
    manner: Manner,
    answers: Answers,
    close: Callable[[], Awaitable[None]] | None = None,
) -> str:
    """Take a path; the status that was answered, or what came instead.

    `answers` is told of errors that were answered over MCP. `close` shuts the host down meanwhile.
    """
    work = asyncio.create_task(_told(host, path, words, manner, answers))
    if path.leaving in {"cancel", "close"}:
        until = time.monotonic() + _PATIENCE
        while not (work.done() or provider.arrived().requests or time.monotonic() > until):  # noqa: ASYNC110 - they are processes
            await asyncio.sleep(_MOMENT)
        await asyncio.sleep(_MOMENT)
    if path.leaving == "cancel":
        work.cancel()
    elif path.leaving == "close" and close is not None:
        await close()
    try:
        return await work
    except asyncio.CancelledError:
        return "left"
    except TimeoutError:
        return "nothing"
    except OSError:
        return "no connection"


async def _told(host: Host, path: Path, words: Words, manner: Manner, answers: Answers) -> str:
    answer = mcp.Answer()
    async with asyncio.timeout(_PATIENCE), host.post(_post(path, words, manner, answer)) as exchange:
        status = await exchange.status()
        with contextlib.suppress(ConnectionError):
            while await exchange.piece():
                if path.leaving == "leave":
                    return "left"
        if manner.mcp and (error := answer.error(status)):
            answers.tell("an error that was answered", error)
            return "an error" if status == _FINE else str(status)
        return str(status) if status else "a closed connection"


def _post(path: Path, words: Words, manner: Manner, answer: mcp.Answer) -> Post:
    if manner.mcp:
        return mcp.post(path, words, answer, route=manner.model, headers=manner.headers, without=manner.without)
    headers = {"content-type": "application/json", "accept": "*/*", **manner.headers}
    target = _PATHS.get(path.asked, "/v1/chat/completions")
    if path.asked == "garbage":
        return Post(target, headers, b'{"model": "leaks", "messages": [{"content": "%b' % words["prompt"].encode())
    body = {"model": manner.model or ROUTES[path.route], **asked(path, words, manner.without)}
    return Post(target, headers, orjson.dumps({**body, "stream": True} if path.stream else body))
