"""Trust kept in this process: what was revoked or contradicted, under an epoch that only grows.

It never mixes with health: a target that does well and is not trusted is not used.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, Self

from zdr_router.policy.trust import Trust, check_subject, check_words

if TYPE_CHECKING:
    from types import TracebackType


class TrustState(Protocol):
    """Where trust is read before every decision, and changed.

    A subject is `provider:groq`, `configuration:groq/zdr`, `account:groq-prod` or `target:groq-prod/llama`; `why` is a
    line of the operator's own. Both are kept, and neither is content. What is written in another way is a `ValueError`.
    """

    def read(self) -> Trust | None:
        """What is known now; None when it cannot be read, which clears nothing."""
        ...

    def revoke(self, subject: str, why: str) -> None:
        """Take `subject` out of use: in this process at once, and wherever else the state is seen."""
        ...

    def contradict(self, subject: str, why: str) -> None:
        """Note that an answer showed something that the attestation of `subject` denies. It never raises for I/O."""
        ...

    def release(self, subject: str, why: str) -> None:
        """Take back what was said against `subject`."""
        ...


class TrustStore(TrustState, Protocol):
    """A trust state that is opened and closed with its router."""

    async def __aenter__(self) -> Self:
        """Start whatever reads it. Raises `ConfigError`."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
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
        """Take `subject` out of use."""
        _check(subject, why)
        self._change(revoked={**self._trust.revoked, subject: why})

    def contradict(self, subject: str, why: str) -> None:
        """Note that an answer showed something that the attestation of `subject` denies."""
        _check(subject, why)
        if subject not in self._trust.contradicted:
            self._change(contradicted={**self._trust.contradicted, subject: why})

    def release(self, subject: str, why: str) -> None:
        """Take back what was said against `subject`."""
        _check(subject, why)
        self._change(
            revoked={name: why for name, why in self._trust.revoked.items() if name != subject},
            contradicted={name: why for name, why in self._trust.contradicted.items() if name != subject},
        )

    async def __aenter__(self) -> Self:
        """Nothing has to be read."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def _change(self, *, revoked: dict[str, str] | None = None, contradicted: dict[str, str] | None = None) -> None:
        known = self._trust
        self._trust = Trust(
            epoch=known.epoch + 1,
            as_of=known.as_of,
            revoked=known.revoked if revoked is None else MappingProxyType(revoked),
            contradicted=known.contradicted if contradicted is None else MappingProxyType(contradicted),
        )


def _check(subject: str, why: str) -> None:
    check_subject(subject)
    check_words(why, "why")
