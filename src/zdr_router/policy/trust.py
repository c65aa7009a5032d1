"""What is known of trust at an instant: revocations and contradictions, with an epoch that only grows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zdr_router.policy.policy import Policy
    from zdr_router.policy.target import Target

KINDS: Final = ("provider", "configuration", "account", "target")
"""What can be revoked: `provider:groq`, `configuration:groq/zdr`, `account:groq-prod`, `target:groq-prod/llama`."""

_LONGEST: Final = 300
_SUBJECT: Final = re.compile(rf"({'|'.join(KINDS)}):[^:\s][^\s]*")


@dataclass(frozen=True, slots=True)
class Trust:
    """A reading of the trust state.

    `revoked` and `contradicted` map subjects (`provider:groq`, `configuration:groq/zdr`, `account:groq-prod`,
    `target:groq-prod/llama`) to reasons. `as_of` is when it was read; what is looked at again for every reading is
    always fresh. `changed` is when it last changed, by the clock of whoever changed it. Two readings that one process
    gets and that say different things have different epochs.
    """

    epoch: int = 0
    as_of: float = float("inf")
    changed: float = float("-inf")
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


def check_subject(subject: str) -> None:
    """Raise `ValueError` unless `subject` is written as one that can be revoked."""
    if len(subject) > _LONGEST or not _SUBJECT.fullmatch(subject) or not subject.isprintable():
        message = f"a subject is written {', '.join(f'{kind}:NAME' for kind in KINDS)}, on one line"
        raise ValueError(message)


def check_words(words: str, what: str) -> None:
    """Raise `ValueError` unless `words` (an operator's own, kept with a change) is one short line."""
    if not words.strip() or len(words) > _LONGEST or not words.isprintable():
        message = f"{what} is one line of 1 to {_LONGEST} characters"
        raise ValueError(message)
