"""What can go wrong, as one small tree: trust, transport and usage never share a branch.

```
RouterError
├── ConfigError            registry, policy, accounts or routes cannot be loaded      .file .line .fix
├── Refused                no target may serve this request                           .refusals .metadata
├── Exhausted              every cleared target was tried and failed                  .attempts .metadata .retry_after
├── InvalidRequest         the caller's request is wrong                              .param
├── StreamBroken           a stream died after its first content chunk                .metadata
└── AttestationError       a statement cannot be trusted
    ├── SignatureInvalid
    ├── Expired
    ├── SubjectMismatch
    └── SignerUnknown
```

No error carries content: not in its text, not in its attributes, and none is raised while another one
that might carry content is being handled, so `__cause__` and `__context__` stay empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.metadata import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.metadata import AttemptRecord, Metadata, Refusal


class RouterError(Exception):
    """Everything this library raises on purpose."""


class ConfigError(RouterError):
    """A registry, policy, account or route cannot be loaded.

    `problems` holds one `Problem` for each fault found, in the order of the file, so that a file is
    mended in one go.
    """

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        """Keep every problem; the text of the error is one line for each."""
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problem:
    """One fault in a file: what, where, and what to do next."""

    __slots__ = ("file", "fix", "line", "what")

    def __init__(self, what: str, *, file: str = "", line: int = 0, fix: str = "") -> None:
        """`line` counts from 1; 0 means the file as a whole."""
        self.what = what
        self.file = file
        self.line = line
        self.fix = fix

    @property
    def where(self) -> str:
        """`file:line`, or as much of it as is known."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        """`file:line: what; fix`."""
        place = f"{self.where}: " if self.file else ""
        return f"{place}{self.what}" + (f"; {self.fix}" if self.fix else "")

    def __repr__(self) -> str:
        """The same sentence, marked as a problem."""
        return f"Problem({str(self)!r})"


class Refused(RouterError):
    """No target of the route may serve this request. HTTP 403 `zdr_refused`; trying again changes nothing.

    `refusals` holds every reason for every target, with the nearest fix.
    """

    def __init__(self, refusals: Sequence[Refusal], metadata: Metadata) -> None:
        """Say which targets were refused and by which rules."""
        self.refusals = tuple(refusals)
        self.metadata = metadata
        reasons = "; ".join(f"{refusal.target}: {refusal.id} {refusal.sentence}" for refusal in self.refusals)
        super().__init__(f"no target of route {metadata.route!r} may serve this request: {reasons or 'it has none'}")


class Exhausted(RouterError):
    """Every cleared target was tried and failed, or the deadline passed. HTTP 502, 429 or 504.

    Also, as HTTP 503 with the error code `unrecorded`: nothing was sent, since no record of it could have been kept.

    `attempts` holds every cause, in order. `retry_after` is in how many seconds a target may be asked again, where all
    of them are known to want a rest.
    """

    def __init__(self, metadata: Metadata, retry_after: float | None = None) -> None:
        """List the attempts with their outcomes."""
        self.attempts: tuple[AttemptRecord, ...] = metadata.attempts
        self.retry_after = retry_after
        self.metadata = metadata
        causes = ", ".join(f"{attempt.target}: {attempt.outcome}" for attempt in self.attempts)
        unrecorded = metadata.error_code is ErrorCode.UNRECORDED
        why = "none was tried: requests cannot be recorded for now" if unrecorded else "none was tried"
        super().__init__(f"no target of route {metadata.route!r} answered ({causes or why})")


class InvalidRequest(RouterError):
    """The caller's request is wrong; `param` names the part, `status` is the HTTP status to answer with.

    Where a provider found the fault, `metadata` tells which one.
    """

    def __init__(
        self, sentence: str, *, param: str | None = None, status: int = 400, metadata: Metadata | None = None
    ) -> None:
        """`sentence` must not quote what the caller sent."""
        self.param = param
        self.status = status
        self.metadata = metadata
        super().__init__(sentence)


class StreamBroken(RouterError):
    """A stream died after its first content chunk, so it was not tried elsewhere."""

    def __init__(self, metadata: Metadata) -> None:
        """Name the outcome of the attempt that broke."""
        self.metadata = metadata
        last = metadata.attempts[-1] if metadata.attempts else None
        how = f" ({last.target}: {last.outcome})" if last else ""
        super().__init__(f"the stream of route {metadata.route!r} broke after its first content{how}")


class AttestationError(RouterError):
    """A statement about retention cannot be trusted."""


class SignatureInvalid(AttestationError):
    """The signature does not belong to these bytes."""


class Expired(AttestationError):
    """The statement held once, and no longer does."""


class SubjectMismatch(AttestationError):
    """The statement is about another configuration than the one at hand."""


class SignerUnknown(AttestationError):
    """Nobody whom the policy trusts has signed."""
