"""What an upstream does with a request: drawn from its number, so that a seed does the same again."""

from __future__ import annotations

from collections import OrderedDict
from random import Random
from typing import TYPE_CHECKING

import upstream as up

from soak.settings import CANARY

if TYPE_CHECKING:
    from upstream import Behaviour, Call

_REMEMBERED = 10_000
_BODY = {"message": CANARY, "type": CANARY, "param": CANARY}
_PIECES = up.chunks([CANARY] * 8)
_HALF = up.chunks([CANARY] * 3, finish=None)
_LONG = up.chunks([CANARY * 200] * 100)


def number_of(call: Call) -> int:
    """The number of the request that arrived: the second word of what it says."""
    body = call.arrived.json
    said = body["messages"][0]["content"] if "messages" in body else body["input"]
    return int(said.split()[1])


class Faults:
    """Chooses for each arrival; the same request may arrive again."""

    def __init__(self, name: str, seed: int) -> None:
        """`name` is that of the upstream: each has its own luck."""
        self._name = name
        self._seed = seed
        self._seen: OrderedDict[int, int] = OrderedDict()

    async def __call__(self, call: Call) -> None:
        """Answer, or do worse."""
        number = number_of(call)
        again = self._seen[number] = self._seen.pop(number, -1) + 1
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        chance = Random(f"{self._seed} {self._name} {number} {again}")  # noqa: S311 - no secret
        behaviours = _STREAMED if call.arrived.json.get("stream") is True else _WHOLE
        (chosen,) = chance.choices(list(behaviours.values()), [_SHARES[name] for name in behaviours])
        await up.later(chance.uniform(0.005, 0.04), chosen)(call)


async def _garbage(call: Call) -> None:
    await call.chunk(f"data: {{{CANARY}\n\n".encode())
    await call.finish()


async def _error_within(call: Call) -> None:
    await call.chunk(up.event({"error": _BODY}))
    await call.finish()


_EITHER: dict[str, Behaviour] = {
    "error 500": up.error(500, **_BODY),
    "error 503": up.status(503, {"error": _BODY}, headers={"retry-after-ms": "60"}),
    "error 429": up.status(429, {"error": _BODY}, headers={"retry-after-ms": "60"}),
    "error 400": up.error(400, **_BODY),
    "refusal": up.error(400, message=CANARY, code="content_filter"),
    "error in a 200": up.says({"error": _BODY}),
    "reset before the head": up.reset_before_head,
    "reset after the head": up.reset_after_head,
    "hang": up.hang,
}
_WHOLE: dict[str, Behaviour] = {
    "good": up.ok(CANARY),
    **_EITHER,
    "hang after the head": up.hang_after_head,
    "cut": up.cut_body,
    "drip": up.drip(0.05, head=CANARY.encode()),
}
_STREAMED: dict[str, Behaviour] = {
    "good": up.stream(_PIECES),
    **_EITHER,
    "long": up.stream(_LONG),
    "truncated": up.stream_then(_HALF, up.Call.finish),
    "empty": up.stream([], done=False),
    "garbage": up.stream_then(_HALF, _garbage),
    "error within": up.stream_then(_HALF, _error_within),
    "reset within": up.stream_then(_HALF, up.reset_before_head),
    "stall within": up.stream_then(_HALF, up.hang),
}
_SHARES = {**dict.fromkeys([*_WHOLE, *_STREAMED], 1), "good": 60, "error 500": 3, "error 429": 2, "long": 3}
