"""An upstream in a process of its own, so that what it holds is not taken for what the router holds.

A model is named for what becomes of a request to it. The prompt brings a token; the answer is made of the token read
backwards, so that whoever knows the token knows both.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import upstream as up

if TYPE_CHECKING:
    from collections.abc import Iterator

FILLING = "." * 1500
"""Content is longer than what is kept in the small blocks of an allocator."""


def asked(token: str, filling: str = FILLING) -> str:
    """A prompt."""
    return f"asked-{token}{filling}asked-{token}"


def answered(token: str, filling: str = FILLING) -> str:
    """What is answered to it."""
    return "".join(["answered-", token[::-1], filling, "answered-", token[::-1]])


def canaries(tokens: dict[str, str]) -> dict[str, str]:
    """What to look for, by what was done: the beginnings of prompts and of answers."""
    return {
        **{f"{how}: prompt": asked(token, "")[: len(token) + 6] for how, token in tokens.items()},
        **{f"{how}: answer": answered(token, "")[: len(token) + 9] for how, token in tokens.items()},
    }


@contextlib.contextmanager
def far_upstream() -> Iterator[str]:
    """The URL of one that has been started."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as far:
        try:
            yield f"http://127.0.0.1:{int(far.stdout.readline())}/v1"
        finally:
            far.stdin.close()


async def behave(call: up.Call) -> None:
    """As the model is named."""
    body = call.arrived.body.decode()
    token = re.search(r"asked-(\w+)", body)[1]
    text = answered(token)
    pieces = up.chunks([text[at : at + 200] for at in range(0, len(text), 200)])
    unfinished = up.chunks([text, text], finish=None)
    outcry = {"error": {"message": text, "type": text, "code": text, "param": text}}
    ways = {
        "ok": up.stream(pieces) if '"stream":true' in body else up.ok(text, note=text),
        "bad": up.status(400, outcry),
        "busy": up.status(429, outcry, headers={"x-text": text}),
        "broken": up.status(500, outcry, headers={"x-text": text}),
        "garbage": up.status(200, text.encode()),
        "wrong": up.says(outcry),
        "cut": up.cut_body,
        "hang": up.hang,
        "stopped": up.stream_then(unfinished, up.Call.finish),
        "reset": up.stream_then(unfinished, up.reset_before_head),
        "silent": up.stream_then(unfinished, up.hang),
        "nonsense": up.stream_then(unfinished, lambda call: call.chunk(f"data: {{{text}\n\n".encode())),
    }
    await ways[call.arrived.json["model"]](call)


async def _serve() -> None:
    async with up.Upstream(otherwise=behave) as server:
        print(server.port, flush=True)  # noqa: T201 - to whoever started it
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    asyncio.run(_serve())
