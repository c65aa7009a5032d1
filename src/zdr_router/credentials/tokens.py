"""When a token is fetched: once for all calls that wait for it, again before it lapses, never by a call that left."""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context
from typing import TYPE_CHECKING, Final, NamedTuple

from zdr_router.credentials.oauth import read_token
from zdr_router.metadata import Outcome
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.credentials.base import Fetch
    from zdr_router.policy.errand import Errand
    from zdr_router.policy.signing import Unsigned

log = logging.getLogger("zdr_router")

PATIENCE: Final = 20.0
"""Seconds that a token endpoint is given, however little time the call has that needs the token."""

AHEAD: Final = 300.0
"""Seconds before a token lapses at which the next is fetched; calls use the old one meanwhile."""

MARGIN: Final = 30.0
"""Seconds before a token lapses from which on it is not sent: clocks differ, and requests take time to arrive."""

REST: Final = 10.0
"""Seconds between attempts to replace a token that still holds."""


class _Held(NamedTuple):
    authorization: Sealed[str]
    replace_at: float
    until: float


class TokenSigner:
    """Signs with a bearer token. `errand` is how one is asked for at an instant; `clock` gives seconds since the epoch.

    One task fetches, for all calls together: it is nobody's in particular, so a call that is cancelled or out of time
    leaves it running. `close()` ends it.
    """

    def __init__(self, errand: Callable[[float], Errand], fetch: Fetch, clock: Callable[[], float]) -> None:
        """Nothing is fetched yet."""
        self._errand = errand
        self._fetch = fetch
        self._clock = clock
        self._held: _Held | None = None
        self._fetching: asyncio.Task[Outcome | None] | None = None
        self._rests_until = 0.0

    async def sign(self, request: Unsigned, *, deadline: float) -> Mapping[str, str] | Outcome:  # noqa: ARG002
        """`authorization`, or why there is none: CREDENTIAL, TRANSIENT, or TIMEOUT at the deadline of the call."""
        held, now = self._held, self._clock()
        if held is None or now >= held.until:
            failure = await self._wait(deadline)
            if failure is not None or self._held is None:
                return failure or Outcome.TRANSIENT
            held = self._held
        elif now >= held.replace_at and now >= self._rests_until:
            self._begin()
        return {"authorization": held.authorization.open()}

    def turned_down(self) -> None:
        """The next call gets another one, but not each time: a provider may turn all of them down."""
        if self._clock() >= self._rests_until:
            self._held = None

    async def close(self) -> None:
        """End what is being fetched."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _wait(self, deadline: float) -> Outcome | None:
        """Why there is no new token, if there is none."""
        task = self._begin()
        # Not `wait_for`, which would cancel the task for everybody.
        await asyncio.wait({task}, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        if not task.done():
            return Outcome.TIMEOUT
        return Outcome.TRANSIENT if task.cancelled() else task.result()

    def _begin(self) -> asyncio.Task[Outcome | None]:
        """The task that fetches, which may be under way already."""
        if self._fetching is None or self._fetching.done():
            # In a context of its own: that of the call that happens to be first may hold what it is about.
            self._fetching = asyncio.get_running_loop().create_task(self._replace(), context=Context())
        return self._fetching

    async def _replace(self) -> Outcome | None:
        began = self._clock()
        self._rests_until = began + REST
        errand = self._errand(began)
        token = read_token(await self._fetch(errand, deadline=asyncio.get_running_loop().time() + PATIENCE))
        if isinstance(token, Outcome):
            log.warning("no token endpoint=%s outcome=%s", errand.url, token)
            return token
        until = began + token.lifetime
        self._held = _Held(
            authorization=Sealed(f"Bearer {token.text.open()}"),
            replace_at=until - min(AHEAD, token.lifetime / 2),
            until=until - min(MARGIN, token.lifetime / 10),
        )
        return None
