"""The content-free record of a request: the only thing of it that outlives the call.

Closed and frozen: every field is a number, a date, an identifier that configuration knows, or a word of an
enumeration. What a caller or a provider sent as id, model, header, tool name or message is in none of them.
Times are seconds since the epoch (UTC); durations are milliseconds.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

SCHEMA = 1
"""Number of this schema; adding a field keeps it, removing or re-reading one raises it."""

Sent = Literal["no", "maybe"]
"""Whether bytes of the request may have reached the provider."""


class Outcome(StrEnum):
    """How an attempt ended."""

    OK = "ok"
    CALLER_FAULT = "caller_fault"
    PROVIDER_REFUSAL = "provider_refusal"
    CONTEXT_TOO_LONG = "context_too_long"
    CREDENTIAL = "credential"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    MODEL_GONE = "model_gone"
    REGION_BLOCKED = "region_blocked"
    REDIRECTED = "redirected"
    UNREACHABLE = "unreachable"
    TRANSIENT = "transient"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    CONTRADICTED = "contradicted"
    GUARDED = "guarded"
    UNCLEARED = "uncleared"
    CANCELLED = "cancelled"


class ErrorCode(StrEnum):
    """How a request ended, when it did not end well."""

    REFUSED = "zdr_refused"
    INVALID_REQUEST = "invalid_request"
    EXHAUSTED = "exhausted"
    DEADLINE = "deadline"
    PROVIDER_REFUSAL = "provider_refusal"
    CONTEXT_TOO_LONG = "context_too_long"
    RATE_LIMITED = "rate_limited"
    STREAM_BROKEN = "stream_broken"
    CANCELLED = "cancelled"
    UNRECORDED = "unrecorded"
    # What only a host finds, before it asks a router.
    INVALID_KEY = "invalid_key"
    OUT_OF_SCOPE = "out_of_scope"
    KEY_LIMITED = "key_limited"
    SPENT = "spent"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    CLOSING = "closing"
    KEYS_UNREADABLE = "keys_unreadable"
    INTERNAL = "internal"


class Signal(StrEnum):
    """A rate-limit, security or abuse event that a host saw with a request. Of what it looked at, nothing is kept."""

    NO_KEY = "no_key"
    MISTYPED_KEY = "mistyped_key"
    UNKNOWN_KEY = "unknown_key"
    REVOKED_KEY = "revoked_key"
    EXPIRED_KEY = "expired_key"
    KEEPS_GUESSING = "keeps_guessing"
    OUT_OF_SCOPE = "out_of_scope"
    REQUEST_LIMIT = "request_limit"
    TOKEN_LIMIT = "token_limit"  # noqa: S105 - a limit of tokens
    CONCURRENCY_LIMIT = "concurrency_limit"
    SPENDING_CAP = "spending_cap"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    MALFORMED = "malformed"
    FOREIGN_ORIGIN = "foreign_origin"
    FOREIGN_HOST = "foreign_host"
    SPIKE_OF_REQUESTS = "spike_of_requests"
    SPIKE_OF_REFUSALS = "spike_of_refusals"
    SPIKE_OF_ERRORS = "spike_of_errors"
    SPIKE_OF_WRONG_KEYS = "spike_of_wrong_keys"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a target may not serve a request, and the nearest change after which it might.

    `id` is stable (`ZDR201`); `sentence` may be shown to callers. `target`, `where` (file:line of the fact) and,
    unless the rule is about the request itself, `fix` are for operators: `public()` leaves them out.
    """

    id: str
    target: str
    configuration: str
    sentence: str
    fix: str
    where: str = ""

    @property
    def about_the_request(self) -> bool:
        """Whether the caller, rather than the operator, can change it."""
        return self.id.startswith(("ZDR6", "ZDR8"))

    def public(self) -> dict[str, str]:
        """What a caller of a host may see: no account, no file."""
        shown = {"id": self.id, "configuration": self.configuration, "reason": self.sentence}
        if self.about_the_request:
            shown["fix"] = self.fix
        return shown

    def __str__(self) -> str:
        """One line for an operator."""
        place = f" [{self.where}]" if self.where else ""
        return f"{self.id} {self.target}: {self.sentence}. Fix: {self.fix}{place}"


class AttemptRecord(NamedTuple):
    """One call to one target, and how it ended. `attestation` is the digest of what it was cleared by."""

    target: str
    configuration: str
    outcome: Outcome
    sent: Sent
    http_status: int | None
    started_ms: float
    duration_ms: float
    first_chunk_ms: float | None = None
    attestation: str | None = None


class Metadata(NamedTuple):
    """What is kept of a request, whether it succeeded or not.

    `target`, `configuration`, `model` and `attestation` are those of the target that answered, else None.
    `status` is the HTTP status that a host answers with; `price` is in US dollars when the registry knows it.
    `key` is the id of the API key, never the key; `signals` are what the host noticed besides.
    `unsafe` tells that an `unsafe_…` option was in force.
    """

    request_id: str
    time: float
    endpoint: str
    route: str
    tenant: str | None
    customer: str | None
    key: str | None
    stream: bool
    status: int
    error_code: ErrorCode | None
    duration_ms: float
    target: str | None
    configuration: str | None
    model: str | None
    attestation: str | None
    policy_digest: str
    registry_digest: str
    attempts: tuple[AttemptRecord, ...]
    refusals: tuple[Refusal, ...]
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    price: float | None
    first_chunk_ms: float | None
    unsafe: bool
    signals: tuple[Signal, ...] = ()
    schema: int = SCHEMA

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON, in the order of the fields."""
        attempts = [attempt._asdict() for attempt in self.attempts]
        refusals = [dataclasses.asdict(refusal) for refusal in self.refusals]
        return {**self._asdict(), "attempts": attempts, "refusals": refusals}
