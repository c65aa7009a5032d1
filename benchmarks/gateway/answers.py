"""Whether what a server answers is what the mock said: whoever drops or garbles something must not be measured."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any, Final

import orjson

from benchmarks.loads import PIECES
from benchmarks.mock import TEXT

if TYPE_CHECKING:
    from benchmarks.gateway.servers import Server
    from benchmarks.loads import Load

STREAMED: Final = "".join(f"piece {number} " for number in range(PIECES - 2))
"""What the pieces of a stream are together."""

_EVENT: Final = b"data: "
_DONE: Final = b"[DONE]"


class WrongAnswer(Exception):
    """An answer that is not what the mock said."""


def check(server: Server, load: Load) -> None:
    """Ask once. Raises `WrongAnswer`."""
    connection = http.client.HTTPConnection("127.0.0.1", server.running.port, timeout=30.0)
    try:
        connection.request("POST", server.path, server.caller.body(load), server.caller.head())
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise WrongAnswer(f"status {answer.status} under {load.name}: {body[:300].decode(errors='replace')}")
    wrong = what_is_wrong(body) if load.streams else None if _text(body) == TEXT else "the text is another one"
    if wrong:
        raise WrongAnswer(f"under {load.name}: {wrong}")


def what_is_wrong(events: bytes) -> str | None:
    """Why these server-sent events are not the whole stream of the mock, or None."""
    datas = [line[len(_EVENT) :] for line in events.split(b"\n") if line.startswith(_EVENT)]
    if not datas or datas[-1].strip() != _DONE:
        return f"it ended without [DONE] after {len(datas)} events"
    chunks: list[dict[str, Any]] = [orjson.loads(data) for data in datas[:-1]]
    if any("error" in chunk for chunk in chunks):
        return "an event of it is an error"
    said = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    return None if said == STREAMED else f"{len(said)} of {len(STREAMED)} characters came"


def _text(body: bytes) -> str | None:
    text: str | None = orjson.loads(body)["choices"][0]["message"]["content"]
    return text
