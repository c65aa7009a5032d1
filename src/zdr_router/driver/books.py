"""Opens the books of a request, and hands what was written down to whoever keeps it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

from zdr_router.driver.asking import valid_name
from zdr_router.driver.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zdr_router.deployment import Deployment
    from zdr_router.driver.asking import Ask
    from zdr_router.metadata import Metadata
    from zdr_router.policy.policy import Policy
    from zdr_router.records.base import Keeper, Recorder
    from zdr_router.routing.plan import Route

log = logging.getLogger("zdr_router.requests")
"""One line for each request; a host that tells of each of its answers turns it off."""

UNKNOWN: Final = "unknown"
"""What is recorded in place of a name that configuration does not know."""


class Books:
    """The accounts of all requests. `clock` gives seconds since the epoch."""

    def __init__(self, recorders: Sequence[Recorder], keeper: Keeper | None, clock: Callable[[], float]) -> None:
        """While `keeper` accepts nothing, no request may begin."""
        self._recorders = recorders
        self._keeper = keeper
        self._clock = clock

    @property
    def accept(self) -> bool:
        """Whether what begins now can be recorded."""
        return self._keeper is None or self._keeper.accepts

    def open(self, ask: Ask, began: float, route: Route | None, policy: Policy, deployment: Deployment) -> Ledger:
        """The books of a request. Names that configuration does not know are not written down."""
        known = ask.tenant in deployment.policies
        return Ledger(
            request_id=os.urandom(12).hex(),
            time=self._clock(),
            began=began,
            endpoint=ask.endpoint,
            route=UNKNOWN if route is None else route.name,
            tenant=ask.tenant if known else UNKNOWN,
            customer=_valid(ask.customer),
            stream=ask.stream,
            policy_digest=policy.digest,
            registry_digest=deployment.registry.digest,
            key=_valid(ask.key),
            signals=ask.signals,
        )

    def record(self, metadata: Metadata) -> None:
        """Hand the record of a request to whoever keeps it."""
        if log.isEnabledFor(logging.INFO):
            _log(metadata)
        for recorder in self._recorders:
            recorder.record(metadata)


def _valid(name: str | None) -> str | None:
    """A host's own id, where it is one."""
    return name if name is not None and valid_name(name) else None


def _log(metadata: Metadata) -> None:
    log.info(
        "request id=%s route=%s status=%d error=%s target=%s attempts=%d ms=%.1f",
        metadata.request_id,
        metadata.route,
        metadata.status,
        metadata.error_code or "none",
        metadata.target or "none",
        len(metadata.attempts),
        metadata.duration_ms,
    )
