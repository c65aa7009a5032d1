"""What is known of trust at an instant: revocations and contradictions, with an epoch that only grows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zdr_router.policy.policy import Policy
    from zdr_router.policy.target import Target


@dataclass(frozen=True, slots=True)
class Trust:
    """A reading of the trust state.

    `revoked` and `contradicted` map subjects (`provider:groq`, `configuration:groq/zdr`, `account:groq-prod`,
    `target:groq-prod/llama`) to reasons. `as_of` is when it was read; a state kept in this process is always fresh.
    """

    epoch: int = 0
    as_of: float = float("inf")
    revoked: Mapping[str, str] = field(default_factory=dict)
    contradicted: Mapping[str, str] = field(default_factory=dict)

    def fresh(self, policy: Policy, now: float) -> bool:
        """Whether it was read not longer ago than `policy` accepts."""
        return now - self.as_of <= (policy.max_revocation_staleness or 0)


def subjects(target: Target) -> Iterator[str]:
    """Everything whose revocation takes `target` along."""
    yield f"provider:{target.configuration.provider}"
    yield f"configuration:{target.configuration.id}"
    yield f"account:{target.account_name}"
    yield f"target:{target.id}"
