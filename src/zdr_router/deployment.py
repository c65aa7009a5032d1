"""Everything that requests are decided by, as one value that another one can take the place of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zdr_router.policy.calendar import end_of, start_of
from zdr_router.routing.settings import HealthSettings, ProbeSettings
from zdr_router.state.settings import StateSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.hosting import ServeSettings
    from zdr_router.key_settings import KeySettings
    from zdr_router.policy.accounts import Account
    from zdr_router.policy.policy import Policy
    from zdr_router.policy.target import Target
    from zdr_router.records.receipts.settings import ReceiptSettings
    from zdr_router.records.store.settings import StoreSettings
    from zdr_router.registry import Registry
    from zdr_router.routing.plan import Route
    from zdr_router.sealed import Sealed
    from zdr_router.transport.settings import TransportSettings


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that requests are decided by. `policies` is complete, by tenant; None is the operator itself.

    `fingerprints` are those of the accounts' credentials, None where there is none. `otel`: OpenTelemetry is told.
    `salt` keeps tenants' caches apart and makes pseudonyms; None is one that each router makes up.
    """

    registry: Registry
    policies: Mapping[str | None, Policy]
    accounts: Mapping[str, Account]
    routes: Mapping[str, Route]
    fingerprints: Mapping[str, str | None]
    transport: TransportSettings
    health: HealthSettings = field(default_factory=HealthSettings)
    probe: ProbeSettings | None = None
    state: StateSettings = field(default_factory=StateSettings)
    otel: bool = False
    salt: Sealed[str] | None = None
    receipts: ReceiptSettings | None = None
    keys: KeySettings | None = None
    serve: ServeSettings | None = None
    records: StoreSettings | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every target of every route, once."""
        return tuple({target.id: target for route in self.routes.values() for target in route.targets}.values())

    @property
    def not_before(self) -> float:
        """The start of the newest day on which anything in the registry was read: an instant that has passed."""
        days = (each.attestation.observed for each in self.registry.configurations.values())
        return max(map(start_of, days), default=float("-inf"))

    @property
    def expiries(self) -> dict[str, float]:
        """The end of the attestation of every configuration that a route uses, in seconds since the epoch."""
        return {
            target.configuration.id: end_of(target.configuration.attestation.expires)
            for target in self.targets
            if target.configuration.attestation.expires is not None
        }

    @property
    def patience(self) -> float:
        """Seconds that a request may take, at most."""
        return max((route.timeout for route in self.routes.values()), default=0.0)
