"""tensorzero's gateway inside the process, with observability and usage analytics off."""

from __future__ import annotations

import importlib
import os
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients.base import KEY, Streamed, streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.loads import Prompt

_VARIABLE: Final = "BENCHMARK_API_KEY"
_CONFIGURATION: Final = """
[gateway]
observability.enabled = false
disable_pseudonymous_usage_analytics = true

[models.assistant]
routing = ["first", "second", "third"]
"""
_PROVIDER: Final = """
[models.assistant.providers.{name}]
type = "openai"
model_name = "x"
api_base = "{base_url}/"
api_key_location = "env::{variable}"
"""


class _Call:
    def __init__(self, gateway: Any, prompt: Prompt) -> None:  # noqa: ANN401 - an optional package
        self._gateway = gateway
        system, *turns = prompt.messages()
        self._input = {"system": system["content"], "messages": turns}
        self._params = {"chat_completion": {"temperature": 0}}

    async def chat(self) -> str:
        answer = await self._gateway.inference(model_name="assistant", input=self._input, params=self._params)
        text: str = answer.content[0].text
        return text

    async def stream(self) -> Streamed:
        first, pieces = 0.0, 0
        stream = await self._gateway.inference(
            model_name="assistant", input=self._input, params=self._params, stream=True
        )
        async for chunk in stream:
            pieces += 1
            if not first and chunk.content and chunk.content[0].text:
                first = perf_counter()
        return streamed(first, pieces)


class _Client:
    def __init__(self, gateway: Any) -> None:  # noqa: ANN401 - an optional package
        self._gateway = gateway

    def prepare(self, prompt: Prompt) -> _Call:
        return _Call(self._gateway, prompt)


@asynccontextmanager
async def open_tensorzero(base_url: str) -> AsyncIterator[_Client]:
    """A gateway with one model over three providers, all of them the mock."""
    tensorzero = importlib.import_module("tensorzero")
    os.environ[_VARIABLE] = KEY
    providers = [
        _PROVIDER.format(name=name, base_url=base_url, variable=_VARIABLE) for name in ("first", "second", "third")
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tensorzero.toml")
        path.write_text(_CONFIGURATION + "".join(providers), encoding="utf-8")  # noqa: ASYNC240 - before the clock runs
        gateway = await tensorzero.AsyncTensorZeroGateway.build_embedded(config_file=str(path))
    async with gateway:
        yield _Client(gateway)
