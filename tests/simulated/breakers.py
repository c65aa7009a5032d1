"""Health under observation: every step of the real store is checked for being one that a breaker may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.routing.health import PROBE_LASTS, Health, HealthEvent
from zdr_router.state.memory import MemoryHealth

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulated.witness import Witness
    from zdr_router.routing.settings import HealthSettings


class WatchedHealth:
    """The real `StateStore` of a worker. Its events carry instants of the loop's clock."""

    def __init__(self, settings: HealthSettings, now: Callable[[], float], witness: Witness) -> None:
        self._settings = settings
        self._store = MemoryHealth(settings)
        self._now = now
        self._witness = witness
        self._known: dict[str, Health] = {}
        self.isolated: set[str] = set()

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        before = self._known.get(target, Health())
        after = self._store.apply(target, event, now)
        if event.kind == "asked" and after == before:
            return after
        self._known[target] = after
        if fault := illegal(before, event, after, now, self._settings) or self._untimely(now):
            self._witness.broken("breaker", -1, f"{target}, {event.kind}: {fault} ({before} -> {after})")
        return after

    def isolate(self, target: str, *, isolated: bool) -> None:
        """As an operator would, by hand."""
        self.apply(target, HealthEvent("isolated" if isolated else "released"), self._now())
        (self.isolated.add if isolated else self.isolated.discard)(target)

    def _untimely(self, now: float) -> str:
        return "" if now == self._now() else "the event is not of this instant"


def illegal(before: Health, event: HealthEvent, after: Health, now: float, settings: HealthSettings) -> str:
    """Why no breaker may go from `before` to `after` by `event`, or ""."""
    kind = event.kind
    was, is_out = before.ejected_until > 0.0, after.ejected_until > 0.0
    ejected = after.ejected_until > before.ejected_until
    length = min(settings.eject_for * max(1, after.ejections), settings.longest_ejection)
    tried = before.failures + 1 < settings.consecutive_failures
    wrong = {
        "asking changed it": kind == "asked",
        "it was ejected without a failure": ejected and kind != "failed",
        "it was ejected for another time than it should be": ejected and abs(after.ejected_until - now - length) > 1e-6,
        "its ejection was made longer while it lasted": ejected
        and now < before.ejected_until
        and not before.probe_until,
        "it was ejected twice and counts one": ejected and was and after.ejections != before.ejections + 1,
        "it stays in use after too many failures": kind == "failed" and not was and not is_out and not tried,
        "its ejection ended without a success": was and not is_out and kind != "succeeded",
        "its ejection ended before its time, without a probe": was and not is_out and not _decides(before, now),
        "it forgot that it was asked for rest": after.not_before < before.not_before,
        "it rests for longer than it may": after.not_before > max(before.not_before, now + settings.longest_throttle),
        "a probe began without an attempt": after.probe_until > before.probe_until and kind != "started",
        "it probes for longer than it may": after.probe_until > now + PROBE_LASTS,
        "it was isolated by itself": after.isolated > before.isolated and kind != "isolated",
        "it was released by itself": after.isolated < before.isolated and kind != "released",
    }
    return next((how for how, holds in wrong.items() if holds), "")


def _decides(before: Health, now: float) -> bool:
    return before.probe_until > 0.0 or now >= before.ejected_until
