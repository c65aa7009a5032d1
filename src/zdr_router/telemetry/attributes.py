"""What a span or a measurement says of a request: a choice of the fields of its metadata, and nothing besides. Pure.

The customer is not among them: a trace can be neither corrected nor erased, and the metadata store can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.metadata import ErrorCode, Outcome
from zdr_router.telemetry import names

if TYPE_CHECKING:
    from zdr_router.metadata import AttemptRecord, Metadata

Attributes = dict[str, str | bool | int | float]

_NO_FAULT: Final = frozenset({Outcome.OK, Outcome.CANCELLED})
_OTHER: Final = "other"


def of_request(metadata: Metadata) -> Attributes:
    """What the span of a request says."""
    said: Attributes = {
        names.OPERATION: operation(metadata),
        names.STREAM: metadata.stream,
        names.REQUEST: metadata.request_id,
        names.ENDPOINT: metadata.endpoint,
        names.ROUTE: metadata.route,
        names.STATUS: metadata.status,
        names.POLICY: metadata.policy_digest,
        names.REGISTRY: metadata.registry_digest,
        names.ATTEMPTS: len(metadata.attempts),
        names.REFUSALS: len(metadata.refusals),
        names.UNSAFE: metadata.unsafe,
    }
    if metadata.tenant is not None:
        said[names.TENANT] = metadata.tenant
    if metadata.target is not None and metadata.configuration is not None and metadata.attestation is not None:
        said[names.TARGET] = metadata.target
        said[names.CONFIGURATION] = metadata.configuration
        said[names.ATTESTATION] = metadata.attestation
    return said | fault_of_request(metadata)


def of_attempt(metadata: Metadata, number: int) -> Attributes:
    """What the span of one attempt says; tokens are said of the attempt that was answered."""
    attempt = metadata.attempts[number]
    said: Attributes = {
        **of_call(metadata, attempt),
        names.STREAM: metadata.stream,
        names.ATTEMPT: number + 1,
        names.CONFIGURATION: attempt.configuration,
        names.OUTCOME: attempt.outcome.value,
        names.SENT: attempt.sent,
    }
    if attempt.http_status is not None:
        said[names.HTTP_STATUS] = attempt.http_status
    if attempt.first_chunk_ms is not None:
        said[names.FIRST_CHUNK] = attempt.first_chunk_ms / 1000
    if is_answered(metadata, attempt):
        counts = {
            names.INPUT_TOKENS: metadata.input_tokens,
            names.OUTPUT_TOKENS: metadata.output_tokens,
            names.CACHED_TOKENS: metadata.cached_tokens,
        }
        said |= {name: count for name, count in counts.items() if count is not None}
    return said | fault_of_attempt(attempt)


def of_call(metadata: Metadata, attempt: AttemptRecord) -> Attributes:
    """What tells calls of models apart in metrics: operation, provider, model and target."""
    provider = attempt.configuration.partition("/")[0]
    return {
        names.OPERATION: operation(metadata),
        names.PROVIDER: names.PROVIDERS.get(provider, provider),
        names.MODEL: attempt.target.partition("/")[2],
        names.TARGET: attempt.target,
    }


def of_route(metadata: Metadata) -> Attributes:
    """What tells requests apart in metrics: operation and route."""
    return {names.OPERATION: operation(metadata), names.ROUTE: metadata.route}


def fault_of_request(metadata: Metadata) -> Attributes:
    """How a request failed. A caller who went away is no failure."""
    code = metadata.error_code
    return {} if code is None or code is ErrorCode.CANCELLED else {names.ERROR: code.value}


def fault_of_attempt(attempt: AttemptRecord) -> Attributes:
    """How an attempt failed. One that was called off, since another was faster or the caller left, did not."""
    return {} if attempt.outcome in _NO_FAULT else {names.ERROR: attempt.outcome.value}


def operation(metadata: Metadata) -> str:
    """The conventions' word for the endpoint."""
    return names.OPERATIONS.get(metadata.endpoint, _OTHER)


def is_answered(metadata: Metadata, attempt: AttemptRecord) -> bool:
    """Whether the tokens of the request are those of this attempt."""
    return attempt.outcome is Outcome.OK and attempt.target == metadata.target
