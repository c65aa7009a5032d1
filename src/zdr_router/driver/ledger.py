"""What is written down of a request while it runs, and the metadata that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zdr_router.metadata import AttemptRecord, ErrorCode, Metadata, Refusal, Signal

if TYPE_CHECKING:
    from zdr_router.dialects.base import Usage
    from zdr_router.driver.ended import Ended
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.target import Target


@dataclass(slots=True)
class Ledger:
    """The content-free account of one request. `began` is on the driver's clock, `time` since the epoch."""

    request_id: str
    time: float
    began: float
    endpoint: str
    route: str
    tenant: str | None
    customer: str | None
    stream: bool
    policy_digest: str
    registry_digest: str
    key: str | None = None
    signals: tuple[Signal, ...] = ()
    attempts: list[AttemptRecord] = field(default_factory=list)
    refusals: tuple[Refusal, ...] = ()
    usage: Usage | None = None
    answered: Target | None = None
    first_chunk_ms: float | None = None
    unsafe: bool = False

    def attempted(self, clearance: Clearance, ended: Ended, started: float, at: float, first: float | None) -> None:
        """Write down an attempt that ended at `at`, all instants on the driver's clock."""
        target = clearance.target
        if target.unsafe is not None:
            self.unsafe = True
        self.attempts.append(
            AttemptRecord(
                target.id,
                target.configuration.id,
                ended.outcome,
                ended.sent,
                ended.http_status,
                milliseconds(started - self.began),
                milliseconds(at - started),
                None if first is None else milliseconds(first - started),
                target.digest,
            )
        )

    def close(self, status: int, error_code: ErrorCode | None, at: float) -> Metadata:
        """The metadata of the request as it ended at `at`."""
        target, usage = self.answered, self.usage
        return Metadata(
            request_id=self.request_id,
            time=self.time,
            endpoint=self.endpoint,
            route=self.route,
            tenant=self.tenant,
            customer=self.customer,
            key=self.key,
            stream=self.stream,
            status=status,
            error_code=error_code,
            duration_ms=milliseconds(at - self.began),
            target=None if target is None else target.id,
            configuration=None if target is None else target.configuration.id,
            model=None if target is None else target.model,
            attestation=None if target is None else target.digest,
            policy_digest=self.policy_digest,
            registry_digest=self.registry_digest,
            attempts=tuple(self.attempts),
            refusals=self.refusals,
            input_tokens=None if usage is None else usage.input_tokens,
            output_tokens=None if usage is None else usage.output_tokens,
            cached_tokens=None if usage is None else usage.cached_tokens,
            price=_price(target, usage),
            first_chunk_ms=self.first_chunk_ms,
            unsafe=self.unsafe,
            signals=self.signals,
        )


def _price(target: Target | None, usage: Usage | None) -> float | None:
    """US dollars, when both the tokens and the price are known."""
    if target is None or usage is None or target.declared is None or target.declared.price is None:
        return None
    price = target.declared.price
    return (usage.input_tokens * price.input + usage.output_tokens * price.output) / 1_000_000


def milliseconds(seconds: float) -> float:
    """As they are written down, to a thousandth. `round` gives the same, by way of a text, for three times as much."""
    return int(seconds * 1e6 + 0.5) / 1000
