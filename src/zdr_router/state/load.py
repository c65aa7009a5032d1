"""What every target is under, kept in this process: attempts in flight, its limits, and its budget of retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.routing import budget, load

if TYPE_CHECKING:
    from collections.abc import Collection

    from zdr_router.policy.target import Target
    from zdr_router.routing.budget import Budget
    from zdr_router.routing.load import Buckets
    from zdr_router.routing.settings import HealthSettings


class _Load:
    """What one target is under."""

    __slots__ = ("buckets", "budget", "in_flight")

    def __init__(self) -> None:
        self.in_flight = 0
        self.budget: Budget = budget.UNSPENT
        self.buckets: Buckets = load.FULL


class Loads:
    """One for a router, with an entry for each target that was asked for. Instants are seconds of the driver's clock.

    Limits are read from the target at each call, so that those of a reloaded file hold at once.
    """

    def __init__(self, settings: HealthSettings) -> None:
        """Nothing is under way."""
        self._share = settings.retry_share
        self._longest = settings.longest_throttle
        self._loads: dict[str, _Load] = {}

    def adopt(self, settings: HealthSettings, targets: Collection[str]) -> None:
        """Go by other settings from now on, and forget what is none of `targets`. What is under way stays counted."""
        self._share = settings.retry_share
        self._longest = settings.longest_throttle
        kept = {name: each for name, each in self._loads.items() if name in targets or each.in_flight}
        for name, known in kept.items():
            if name not in targets:
                known.budget, known.buckets = budget.UNSPENT, load.FULL
        self._loads = kept

    def free_at(self, target: Target, now: float) -> float:
        """`now` or earlier when `target` has room; else the instant from which it should be asked again."""
        limits = target.account.limits
        if limits is None:
            return now
        known = self._of(target.id)
        return load.free_at(known.buckets, known.in_flight, limits, now)

    def started(self, target: Target, now: float, *, again: bool = False) -> None:
        """An attempt starts; `again`: as a retry at the same target within a request, or as a hedge."""
        known, limits = self._of(target.id), target.account.limits
        known.in_flight += 1
        known.budget = budget.spend(known.budget, now, again=again)
        if limits is not None:
            known.buckets = load.started(known.buckets, limits, now)

    def ended(self, target: Target, now: float, tokens: int = 0) -> None:
        """An attempt ended, having used so many tokens, in and out; exactly one for each `started`."""
        known, limits = self._of(target.id), target.account.limits
        known.in_flight = max(0, known.in_flight - 1)
        if limits is not None:
            known.buckets = load.ended(known.buckets, limits, now, tokens, self._longest)

    def in_flight(self, target_id: str) -> int:
        """How many attempts are under way there."""
        return self._of(target_id).in_flight

    def may_retry(self, target: Target, now: float) -> bool:
        """Whether the budget of `target` has room for one more retry."""
        return budget.may_retry(self._of(target.id).budget, now, self._share)

    def _of(self, target_id: str) -> _Load:
        known = self._loads.get(target_id)
        if known is None:
            known = self._loads[target_id] = _Load()
        return known
