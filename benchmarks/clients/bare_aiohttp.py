"""aiohttp as one would write it by hand: a session, orjson both ways, lines of the stream read as they come."""

from __future__ import annotations

from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from benchmarks.clients.base import Streamed, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.loads import Prompt

_HEADERS = {"content-type": "application/json"}


class _Call:
    def __init__(self, session: aiohttp.ClientSession, url: str, prompt: Prompt) -> None:
        self._session = session
        self._url = url
        self._messages = prompt.messages()

    async def chat(self) -> str:
        body = {"model": "x", "messages": self._messages, "temperature": 0}
        async with self._session.post(self._url, data=orjson.dumps(body), headers=_HEADERS) as response:
            response.raise_for_status()
            answer: dict[str, Any] = orjson.loads(await response.read())
        text: str = answer["choices"][0]["message"]["content"]
        return text

    async def stream(self) -> Streamed:
        body = {"model": "x", "messages": self._messages, "temperature": 0, "stream": True}
        first, pieces = 0.0, 0
        async with self._session.post(self._url, data=orjson.dumps(body), headers=_HEADERS) as response:
            response.raise_for_status()
            async for line in response.content:
                if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                    continue
                chunk = orjson.loads(line[6:])
                pieces += 1
                if not first and chunk["choices"][0]["delta"].get("content"):
                    first = perf_counter()
        return streamed(first, pieces)


class _Client:
    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._url = f"{base_url}/chat/completions"

    def prepare(self, prompt: Prompt) -> _Call:
        return _Call(self._session, self._url, prompt)


@asynccontextmanager
async def open_aiohttp(base_url: str) -> AsyncIterator[_Client]:
    """A session with aiohttp's defaults."""
    async with aiohttp.ClientSession() as session:
        yield _Client(session, base_url)
