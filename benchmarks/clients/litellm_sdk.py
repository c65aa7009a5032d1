"""litellm, called directly and through its router over three deployments, with retries off."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients.base import KEY, Streamed, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.loads import Prompt

DEPLOYMENTS: Final = 3


class _Call:
    """`complete` is `litellm.acompletion` or the router's; `common` is what every call gives it."""

    def __init__(self, complete: Any, common: dict[str, object], prompt: Prompt) -> None:  # noqa: ANN401
        self._complete = complete
        self._common = common
        self._messages = prompt.messages()

    async def chat(self) -> str:
        answer = await self._complete(messages=self._messages, temperature=0, **self._common)
        text: str = answer.choices[0].message.content
        return text

    async def stream(self) -> Streamed:
        first, pieces = 0.0, 0
        stream = await self._complete(messages=self._messages, temperature=0, stream=True, **self._common)
        async for chunk in stream:
            pieces += 1
            if not first and chunk.choices and chunk.choices[0].delta.content:
                first = perf_counter()
        return streamed(first, pieces)


class _Client:
    def __init__(self, complete: Any, common: dict[str, object]) -> None:  # noqa: ANN401 - an optional package
        self._complete = complete
        self._common = common

    def prepare(self, prompt: Prompt) -> _Call:
        return _Call(self._complete, self._common, prompt)


@asynccontextmanager
async def open_litellm(base_url: str) -> AsyncIterator[_Client]:
    """`litellm.acompletion`, told where to send with every call."""
    litellm = importlib.import_module("litellm")
    yield _Client(litellm.acompletion, {"model": "openai/x", "api_base": base_url, "api_key": KEY, "max_retries": 0})


@asynccontextmanager
async def open_litellm_router(base_url: str) -> AsyncIterator[_Client]:
    """`litellm.Router` with its default strategy."""
    litellm = importlib.import_module("litellm")
    deployments = [
        {
            "model_name": "assistant",
            "litellm_params": {"model": f"openai/x{number}", "api_base": base_url, "api_key": KEY, "max_retries": 0},
        }
        for number in range(DEPLOYMENTS)
    ]
    router = litellm.Router(model_list=deployments, num_retries=0)
    yield _Client(router.acompletion, {"model": "assistant"})
