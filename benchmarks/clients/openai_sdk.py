"""The openai SDK, with its retries off."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.clients.base import KEY, Streamed, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.loads import Prompt


class _Call:
    def __init__(self, client: Any, prompt: Prompt) -> None:  # noqa: ANN401 - an optional package
        self._completions = client.chat.completions
        self._messages = prompt.messages()

    async def chat(self) -> str:
        answer = await self._completions.create(model="x", messages=self._messages, temperature=0)
        text: str = answer.choices[0].message.content
        return text

    async def stream(self) -> Streamed:
        first, pieces = 0.0, 0
        stream = await self._completions.create(model="x", messages=self._messages, temperature=0, stream=True)
        async for chunk in stream:
            pieces += 1
            if not first and chunk.choices[0].delta.content:
                first = perf_counter()
        return streamed(first, pieces)


class _Client:
    def __init__(self, client: Any) -> None:  # noqa: ANN401 - an optional package
        self._client = client

    def prepare(self, prompt: Prompt) -> _Call:
        return _Call(self._client, prompt)


@asynccontextmanager
async def open_openai(base_url: str) -> AsyncIterator[_Client]:
    """A client with the SDK's defaults but for retries."""
    openai = importlib.import_module("openai")
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        yield _Client(client)
