"""Trust kept in this process: what was revoked or contradicted, under an epoch that only grows.

It never mixes with health: a target that does well and is not trusted is not used.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Protocol

from zdr_router.policy.trust import Trust


class TrustState(Protocol):
    """Where trust is read before every decision."""

    def read(self) -> Trust | None:
        """What is known now; None when it cannot be read, which clears nothing."""
        ...


class MemoryTrust:
    """The trust state of one process."""

    def __init__(self) -> None:
        """Nothing is revoked."""
        self._trust = Trust()

    def read(self) -> Trust:
        """What is known now."""
        return self._trust

    def revoke(self, subject: str, why: str) -> None:
        """Take `subject` (`provider:groq`, `configuration:groq/zdr`, `account:…`, `target:…`) out of use."""
        self._change(revoked={**self._trust.revoked, subject: why})

    def contradict(self, subject: str, why: str) -> None:
        """Note that an answer showed something that the attestation of `subject` denies."""
        if subject not in self._trust.contradicted:
            self._change(contradicted={**self._trust.contradicted, subject: why})

    def release(self, subject: str) -> None:
        """Take back what was said against `subject`."""
        self._change(
            revoked={name: why for name, why in self._trust.revoked.items() if name != subject},
            contradicted={name: why for name, why in self._trust.contradicted.items() if name != subject},
        )

    def _change(self, *, revoked: dict[str, str] | None = None, contradicted: dict[str, str] | None = None) -> None:
        known = self._trust
        self._trust = Trust(
            epoch=known.epoch + 1,
            as_of=known.as_of,
            revoked=known.revoked if revoked is None else MappingProxyType(revoked),
            contradicted=known.contradicted if contradicted is None else MappingProxyType(contradicted),
        )
