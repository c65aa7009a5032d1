"""Health as another store keeps it, with word to observers when a target is ejected or its state changes by request.

What this process brought about is told, and once: not what others that share the health have seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from zdr_router.routing.health import HealthEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.routing.health import Health, StateStore

_ASKED: Final = HealthEvent("asked")
_TOLD: Final = frozenset({"throttled", "isolated", "released"})


@runtime_checkable
class HealthObserver(Protocol):
    """Is told of changes in health. Called on the event loop, so it must not block."""

    def health_changed(self, target: str, change: str) -> None:
        """`target` was "ejected" or "throttled", or was "isolated" or "released" by hand."""
        ...


class ObservedHealth:
    """A `StateStore` in front of another."""

    def __init__(self, store: StateStore, observers: Sequence[HealthObserver]) -> None:
        """Tell `observers`, in their order."""
        self._store = store
        self._observers = observers

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        """Pass `event` on, and give the state that follows."""
        if event.kind in _TOLD:
            self._tell(target, event.kind)
        elif event.kind == "failed":
            before = self._store.apply(target, _ASKED, now)
            after = self._store.apply(target, event, now)
            if after.ejected_until > before.ejected_until:
                self._tell(target, "ejected")
            return after
        return self._store.apply(target, event, now)

    def _tell(self, target: str, change: str) -> None:
        for observer in self._observers:
            observer.health_changed(target, change)
