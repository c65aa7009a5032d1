"""What a worker and Redis say to each other about the health of a target: numbers, and the id of the target."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router.routing.health import PROBE_LASTS, UNKNOWN, Health
from zdr_router.routing.window import EMPTY, SLICES, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from zdr_router.routing.settings import HealthSettings

SCRIPT: Final = files(__package__).joinpath("redis_health.lua").read_text(encoding="utf-8")
DIGEST: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The name under which a server knows the script."""

ISOLATION_KEPT: Final = 30 * 86400.0
"""Seconds for which an isolation is kept while no worker runs."""

_PAST: Final = 1e-9
"""An instant that is over, on a clock that began after it. Not 0, which means none."""


class Call(NamedTuple):
    """One run of the script: an event, how often it happened in a row, and the seconds that ride on `throttled`."""

    target: str
    kind: str = "asked"
    times: int = 1
    wish: float = 0.0


async def run(client: Redis, prefix: str, calls: Sequence[Call], arguments: Sequence[str]) -> list[bytes]:
    """Run the script once for each of `calls`, in order and in one round trip; two more where it is not known there.

    Raises what the client raises.
    """
    from redis.exceptions import NoScriptError  # noqa: PLC0415 - the extra `redis`

    answers = await _run(client, prefix, calls, arguments)
    # A server that started anew or was told to forget its scripts refuses the rest of the calls.
    refused = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if refused:
        await client.script_load(SCRIPT)
        again = await _run(client, prefix, [calls[index] for index in refused], arguments)
        for index, answer in zip(refused, again, strict=True):
            answers[index] = answer
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


async def _run(client: Redis, prefix: str, calls: Sequence[Call], arguments: Sequence[str]) -> list[Any]:
    async with client.pipeline(transaction=False) as pipe:
        for call in calls:
            key = key_of(prefix, call.target)
            pipe.execute_command("EVALSHA", DIGEST, 1, key, call.kind, call.times, repr(call.wish), *arguments)
        return await pipe.execute(raise_on_error=False)


def key_of(prefix: str, target: str) -> str:
    """Where the state of a target lies. The braces put all of a target into one slot of a cluster."""
    return f"{prefix}:health:{{{target}}}"


def arguments_of(settings: HealthSettings) -> tuple[str, ...]:
    """The settings as the script takes them."""
    return tuple(
        map(
            repr,
            (
                settings.window,
                SLICES,
                settings.failure_ratio,
                settings.minimum_throughput,
                settings.consecutive_failures,
                settings.eject_for,
                settings.longest_ejection,
                settings.longest_throttle,
                PROBE_LASTS,
                ISOLATION_KEPT,
            ),
        )
    )


def read_answer(answer: bytes, now: float, known: Health = UNKNOWN) -> Health:
    """The state that the script answered with, its instants moved to the clock on which it is `now`.

    What it does not share, the speed, is taken from `known`.
    """
    there, *numbers = map(float, answer.split())
    moved = now - there

    def here(instant: float) -> float:
        return instant and max(instant + moved, _PAST)

    failures, ejected_until, ejections, forgiven_at, probe_until, not_before, isolated = numbers[:7]
    return Health(
        int(failures),
        _window(numbers[7:], moved),
        here(ejected_until),
        int(ejections),
        here(forgiven_at),
        here(probe_until),
        here(not_before),
        isolated == 1.0,
        *known[8:],
    )


def _window(numbers: Sequence[float], moved: float) -> Window:
    slices = [(numbers[at] + moved, int(numbers[at + 1]), int(numbers[at + 2])) for at in range(0, len(numbers), 3)]
    return (*slices[-1], tuple(slices[:-1])) if slices else EMPTY
