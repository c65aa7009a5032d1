"""Counters that a fleet shares in Redis: what is asked in one moment goes there together, in its order.

Redis learns ids of keys and numbers. Where it does not answer, each process counts for itself until it does again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from contextlib import suppress
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from zdr_router.hosts.keys.buckets import wait_for
from zdr_router.hosts.keys.counting import Counted
from zdr_router.state.redis_link import connect, end

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from redis.asyncio import Redis

    from zdr_router.hosts.keys.counting import LocalCounters, Over
    from zdr_router.hosts.keys.key import Limits
    from zdr_router.state.settings import RedisSettings

log = logging.getLogger("zdr_router")

SCRIPT: Final = files(__package__).joinpath("redis_counters.lua").read_text(encoding="utf-8")
DIGEST: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The name under which a server knows the script."""

PATIENCE: Final = 0.5
"""Seconds that Redis has for an answer."""
AT_A_TIME: Final = 500
"""Calls of the script in one round trip."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between two attempts to reach Redis again; the pause doubles."""

_OVER: Final[tuple[Over | None, ...]] = (None, "requests", "tokens", "concurrent")
_BUSY: Final = 1.0
"""Seconds after which whoever has too many requests under way may ask again."""


class _Call(NamedTuple):
    """One run of the script; `answer` is waited for by a request, None where nobody waits."""

    key: str
    arguments: tuple[str, ...]
    answer: asyncio.Future[bytes | None] | None = None


class RedisCounters:
    """`Counters` that are shared while they are entered; `local` counts instead while Redis does not answer."""

    def __init__(self, settings: RedisSettings, local: LocalCounters, lease: float) -> None:
        """A place that nobody gives back is free again after `lease` seconds."""
        self._settings = settings
        self._local = local
        self._lease = repr(lease)
        self._reached: bool | None = None
        self._queue: list[_Call] = []
        self._wake = asyncio.Event()
        self._client: Redis | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Reach Redis, if it is there. Raises `ConfigError` where the address or the package is not right."""
        self._client = connect(self._settings, timeout=PATIENCE)
        await self._attempt(self._client)
        self._task = asyncio.create_task(self._pump(self._client), name="zdr-router key counters")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back what is still to be given, if Redis is there, and let go of it."""
        task, client, self._task, self._client = self._task, self._client, None, None
        if task is not None:
            await end(task)
        if client is not None:
            if self._reached:
                await self._attempt(client)
            self._let_go()
            self._reached = None
            with suppress(OSError):
                await client.aclose()

    async def reserve(self, key: str, limits: Limits, tokens: int) -> Counted:
        """Take a request and `tokens` from what `key` may have in the whole fleet, or nothing at all."""
        if not self._reached:
            return self._local.reserve_now(key, limits, tokens)
        name = secrets.token_hex(8)
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._tell(_Call(key, self._arguments("reserve", tokens, name, limits), answer))
        try:
            found = await answer
        except asyncio.CancelledError:
            # What is said is heard in this order: if it was taken, it is given back.
            self._settle(key, limits, name, tokens)
            raise
        if found is None:
            return self._local.reserve_now(key, limits, tokens)
        return self._read(found, key, limits, tokens, name)

    def _read(self, found: bytes, key: str, limits: Limits, tokens: int, name: str) -> Counted:
        number, first, second = found.split()
        over = _OVER[int(number)]
        a_minute, tokens_a_minute = limits.requests_per_minute, limits.tokens_per_minute
        requests = None if a_minute is None else float(first)
        left = None if tokens_a_minute is None else float(second)
        if over is None:
            return Counted(None, 0.0, requests, left, partial(self._settle, key, limits, name))
        wait: float | None = _BUSY
        if over == "requests" and a_minute is not None:
            wait = wait_for(float(first), 1.0, a_minute)
        elif over == "tokens" and tokens_a_minute is not None:
            wait = wait_for(float(second), tokens, tokens_a_minute) if tokens <= tokens_a_minute else None
        return Counted(over, wait, requests, left)

    def _settle(self, key: str, limits: Limits, name: str, difference: int) -> None:
        if self._reached:
            self._tell(_Call(key, self._arguments("settle", difference, name, limits)))

    def _arguments(self, kind: str, tokens: int, name: str, limits: Limits) -> tuple[str, ...]:
        return (kind, str(tokens), name, self._lease, *(str(limit or 0) for limit in limits[:3]))

    def _tell(self, call: _Call) -> None:
        self._queue.append(call)
        self._wake.set()

    async def _pump(self, client: Redis) -> None:
        try:
            await self._say_all(client)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for an answer that never comes
            log.error("counting in Redis has ended error=%s", type(error).__name__)  # noqa: TRY400 - no traceback
            self._reached = False
            self._let_go()

    async def _say_all(self, client: Redis) -> None:
        """Say what is to be said, at once; while Redis does not answer, try to reach it now and then."""
        pause = FIRST_PAUSE
        while True:
            if self._reached:
                pause = FIRST_PAUSE
                await self._wake.wait()
                self._wake.clear()
            else:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            await self._attempt(client)

    async def _attempt(self, client: Redis) -> None:
        """Say all that is waiting, and take note of whether Redis could be reached."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - the extra `redis`

        calls: list[_Call] = []
        try:
            if not self._reached:
                async with asyncio.timeout(2 * PATIENCE):
                    await client.ping()  # a server that wants a password says so of a short command only
                    await client.script_load(SCRIPT)
            while self._queue:
                calls, self._queue = self._queue[:AT_A_TIME], self._queue[AT_A_TIME:]
                async with asyncio.timeout(2 * PATIENCE):
                    answers = await self._run(client, calls)
                for call, found in zip(calls, answers, strict=True):
                    if call.answer is not None and not call.answer.done():
                        call.answer.set_result(found)
                calls = []
        except (RedisError, OSError) as error:  # a TimeoutError is an OSError
            if self._reached is not False:
                log.warning(
                    "limits of keys are not shared: Redis does not answer as it should url=%s error=%s",
                    self._settings.url,
                    type(error).__name__,
                )
            self._reached = False
        else:
            if self._reached is False:
                log.warning("limits of keys are shared again url=%s", self._settings.url)
            self._reached = True
        finally:
            self._queue = [*calls, *self._queue]
            if not self._reached:
                self._let_go()

    def _let_go(self) -> None:
        """Let everybody who waits be counted here."""
        queue, self._queue = self._queue, []
        for call in queue:
            if call.answer is not None and not call.answer.done():
                call.answer.set_result(None)

    async def _run(self, client: Redis, calls: Sequence[_Call]) -> list[bytes]:
        from redis.exceptions import NoScriptError  # noqa: PLC0415 - the extra `redis`

        answers = await self._send(client, calls)
        # A server that started anew or was told to forget its scripts refuses the rest of the calls.
        refused = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if refused:
            await client.script_load(SCRIPT)
            again = await self._send(client, [calls[index] for index in refused])
            for index, answer in zip(refused, again, strict=True):
                answers[index] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def _send(self, client: Redis, calls: Sequence[_Call]) -> list[Any]:
        async with client.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.execute_command("EVALSHA", DIGEST, 2, *names_of(self._settings.prefix, call.key), *call.arguments)
            return await pipe.execute(raise_on_error=False)


def names_of(prefix: str, key: str) -> tuple[str, str]:
    """Where the counters of a key lie. The braces put all of a key's into one slot of a cluster."""
    return f"{prefix}:keys:{{{key}}}:left", f"{prefix}:keys:{{{key}}}:held"
