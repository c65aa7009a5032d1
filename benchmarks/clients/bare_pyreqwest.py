"""pyreqwest (Rust's reqwest) as one would write it by hand, with orjson both ways: the mark to reach."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.clients.base import Streamed, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.loads import Prompt


class _Call:
    def __init__(self, client: Any, url: str, prompt: Prompt) -> None:  # noqa: ANN401 - an optional package
        self._client = client
        self._url = url
        self._messages = prompt.messages()

    def _request(self, body: dict[str, object]) -> Any:  # noqa: ANN401 - an optional package
        request = self._client.post(self._url).header("content-type", "application/json")
        return request.error_for_status().body_bytes(orjson.dumps(body))

    async def chat(self) -> str:
        body = {"model": "x", "messages": self._messages, "temperature": 0}
        response = await self._request(body).build().send()
        answer: dict[str, Any] = orjson.loads(memoryview(await response.bytes()))
        text: str = answer["choices"][0]["message"]["content"]
        return text

    async def stream(self) -> Streamed:
        body = {"model": "x", "messages": self._messages, "temperature": 0, "stream": True}
        first, pieces, rest = 0.0, 0, b""
        # Without a limit of 0 it reads 64 kB ahead before it hands out the first chunk.
        async with self._request(body).streamed_read_buffer_limit(0).build_streamed() as response:
            reader = response.body_reader
            while (data := await reader.read_chunk()) is not None:
                *lines, rest = (rest + bytes(data)).split(b"\n")
                for line in lines:
                    if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                        continue
                    chunk = orjson.loads(line[6:])
                    pieces += 1
                    if not first and chunk["choices"][0]["delta"].get("content"):
                        first = perf_counter()
        return streamed(first, pieces)


class _Client:
    def __init__(self, client: Any, base_url: str) -> None:  # noqa: ANN401 - an optional package
        self._client = client
        self._url = f"{base_url}/chat/completions"

    def prepare(self, prompt: Prompt) -> _Call:
        return _Call(self._client, self._url, prompt)


@asynccontextmanager
async def open_pyreqwest(base_url: str) -> AsyncIterator[_Client]:
    """A client with pyreqwest's defaults."""
    module = importlib.import_module("pyreqwest.client")
    async with module.ClientBuilder().build() as client:
        yield _Client(client, base_url)
