"""The callers: whole answers, streams and vectors; some leave, some stop reading, some read slowly."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from soak.settings import CANARY
from zdr_router import RouterError

if TYPE_CHECKING:
    from soak.settings import Settings
    from zdr_router import AsyncRouter

_LEAVES = 0.05
_STOPS_READING = 0.05
_READS_SLOWLY = 0.03


class Callers:
    """Asks through `router`; `issued` requests so far, which ended as `ended` says."""

    def __init__(self, router: AsyncRouter, settings: Settings) -> None:
        """Nothing is asked yet."""
        self._router = router
        self._settings = settings
        self.issued = 0
        self.ended: Counter[str] = Counter()

    async def run(self) -> None:
        """Keep so many requests in flight, until the time is up and all of them have ended."""
        until = asyncio.get_running_loop().time() + self._settings.seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(self._settings.in_flight):
                group.create_task(self._one_after_another(until))

    async def _one_after_another(self, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            number, self.issued = self.issued, self.issued + 1
            self.ended[await self._ask(number)] += 1

    async def _ask(self, number: int) -> str:
        chance = Random(f"{self._settings.seed} {number}")  # noqa: S311 - no secret
        patience = chance.uniform(0, 0.2) if chance.random() < _LEAVES else None
        try:
            async with asyncio.timeout(patience):
                return await self._get(number, chance)
        except TimeoutError:
            return "the caller left"
        except RouterError as error:
            return type(error).__name__

    async def _get(self, number: int, chance: Random) -> str:
        said = f"request {number} {CANARY}"
        ours: dict[str, Any] = {"model": "chat", "customer": f"soak-{number}"}
        (how,) = chance.choices(["whole", "stream", "vectors"], [5, 4, 1])
        if how == "vectors":
            await self._router.embed(input=said, **ours)
            return "vectors"
        ours["messages"] = [{"role": "user", "content": said}]
        if how == "whole":
            await self._router.chat(**ours)
            return "answer"
        stops = chance.randrange(4) if chance.random() < _STOPS_READING else None
        slowly = 0.01 if chance.random() < _READS_SLOWLY else 0
        async with self._router.stream_chat(**ours) as stream:
            read = 0
            async for _ in stream:
                if read == stops:
                    return "stream, not read to its end"
                read += 1
                if slowly:
                    await asyncio.sleep(slowly)
        return "stream"
