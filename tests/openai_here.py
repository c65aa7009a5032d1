"""OpenAI's own client, unmodified, in front of a gateway of this process, and what upstreams send to it in pieces."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import upstream as up
from gateway_here import Here, here
from here import needs
from upstream import Upstream

needs("openai", fix="install the group `test`")

import openai  # noqa: E402 - after what may skip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


@contextlib.asynccontextmanager
async def client(
    *behaviours: up.Behaviour, retries: int = 0
) -> AsyncIterator[tuple[openai.AsyncOpenAI, Upstream, Here]]:
    async with (
        Upstream(*behaviours) as upstream,
        here(upstream) as it,
        openai.AsyncOpenAI(
            base_url="http://localhost/v1", api_key="any", http_client=it.http, max_retries=retries
        ) as made,
    ):
        yield made, upstream, it


def parts(deltas: Sequence[dict[str, Any]], finish: str) -> list[dict[str, Any]]:
    """The chunks of a stream: these deltas, this finish reason, usage."""
    base = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    made = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    made.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return [*made, {**base, "choices": [], "usage": up.USAGE}]
