"""The trust state as it is read by those who send: not at all while the clock cannot be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.policy.clearing import Clearing
    from zdr_router.policy.trust import Trust


class Readable(Protocol):
    """What is read before anything leaves."""

    def read(self) -> Trust | None:
        """What is known of trust now; None when nobody can say, which lets nothing leave."""
        ...


class TimelyTrust:
    """A trust state under a clock that is watched.

    Between planning and sending, a request may have waited for a token or a preflight: a clock that went back meanwhile
    would make good again what has lapsed.
    """

    def __init__(self, trust: Readable, clearing: Clearing, clock: Callable[[], float]) -> None:
        """It keeps nothing of its own; `clearing` knows the last time that was seen."""
        self._trust = trust
        self._clearing = clearing
        self._clock = clock

    def read(self) -> Trust | None:
        """What is known now, or None when it cannot be read or now cannot be the time."""
        trust = self._trust.read()
        return trust if trust is not None and self._clearing.timely(trust, self._clock()) else None
