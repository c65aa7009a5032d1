"""What a caller is told when it gets no answer: OpenAI's envelope, and nothing of ours that is not public."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from zdr_router.errors import Exhausted, InvalidRequest, Refused, StreamBroken
from zdr_router.hosts.gateway.asgi import Reply
from zdr_router.metadata import ErrorCode, Metadata, Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zdr_router.errors import RouterError
    from zdr_router.hosts.keys.base import Denied
    from zdr_router.metadata import Refusal

_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_NO_RETRY: Final = {"x-should-retry": "false"}
_CODES: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.CONTEXT_TOO_LONG: "context_length_exceeded",
    ErrorCode.PROVIDER_REFUSAL: "content_policy_violation",
}
_EXHAUSTED: Final[Mapping[int, str]] = {
    429: "every provider that may serve this request is busy",
    504: "no provider that may serve this request answered in time",
}


@dataclass(slots=True)
class Fault:
    """Why a request gets no answer, in words and codes that its caller may see. It quotes nothing of the request.

    `metadata` is its record, where one was made already.
    """

    status: int
    error_code: ErrorCode
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    refusals: Sequence[Mapping[str, str]] = ()
    metadata: Metadata | None = None

    def error(self) -> dict[str, Any]:
        """The value of `error` in OpenAI's envelope; beside that, the refusals where there are any."""
        shown: dict[str, Any] = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code or self.error_code.value,
        }
        if self.refusals:
            shown["refusals"] = self.refusals
        return shown

    def reply(self) -> Reply:
        """As a whole answer."""
        return Reply.json(self.status, {"error": self.error()}, self.headers)


def of(error: RouterError) -> Fault:
    """What a caller is told of an error of the router."""
    if isinstance(error, InvalidRequest):
        return _invalid(error)
    if isinstance(error, Refused):
        return refused([refusal.public() for refusal in error.refusals], error.metadata)
    if isinstance(error, Exhausted):
        return _exhausted(error)
    if isinstance(error, StreamBroken):
        message = "the answer broke off; what came of it is not the whole"
        return Fault(502, ErrorCode.STREAM_BROKEN, message, "server_error", metadata=error.metadata)
    return internal()


def refused(refusals: Sequence[Mapping[str, str]], metadata: Metadata | None = None) -> Fault:
    """403: nobody may serve this request, for these reasons in their public form."""
    said = list({tuple(each.items()): each for each in refusals}.values())
    reasons = "; ".join(dict.fromkeys(f"{each['id']} {each['reason']}" for each in said)) or "the route has no target"
    return Fault(
        403,
        ErrorCode.REFUSED,
        f"no target of this route may serve this request: {reasons}",
        "zdr_refused",
        headers=_NO_RETRY,
        refusals=said,
        metadata=metadata,
    )


def denied(by_keys: Denied) -> Fault:
    """What the book of keys said."""
    return Fault(
        by_keys.status,
        by_keys.error_code,
        by_keys.message,
        by_keys.type,
        code=by_keys.code,
        headers=by_keys.headers,
        signals=by_keys.signals,
    )


def internal() -> Fault:
    """500: a fault of the gateway or the library."""
    return Fault(500, ErrorCode.INTERNAL, "the gateway failed; this is not about the request", "server_error")


def closing() -> Fault:
    """503: the server is being shut down."""
    headers = {"retry-after": "1", "retry-after-ms": "1000"}
    return Fault(503, ErrorCode.CLOSING, "the gateway is being shut down", "server_error", headers=headers)


def _invalid(error: InvalidRequest) -> Fault:
    found = ErrorCode.INVALID_REQUEST if error.metadata is None else error.metadata.error_code
    kept = found or ErrorCode.INVALID_REQUEST
    code = "model_not_found" if error.status == _NOT_FOUND else _CODES.get(kept, kept.value)
    return Fault(error.status, kept, str(error), param=error.param, code=code, metadata=error.metadata)


def _exhausted(error: Exhausted) -> Fault:
    metadata = error.metadata
    kind = "rate_limit_error" if metadata.status == _TOO_MANY else "server_error"
    headers = dict(_NO_RETRY)
    if error.retry_after is not None:
        millis = max(1, ceil(error.retry_after * 1000))
        headers |= {"retry-after": str(ceil(millis / 1000)), "retry-after-ms": str(millis)}
    return Fault(
        metadata.status,
        metadata.error_code or ErrorCode.EXHAUSTED,
        _EXHAUSTED.get(metadata.status, "no provider that may serve this request answered"),
        kind,
        headers=headers,
        metadata=metadata,
    )


def public_refusals(refusals: Sequence[Refusal]) -> list[dict[str, str]]:
    """Refusals as callers may see them, each once."""
    return list({tuple(public.items()): public for public in (each.public() for each in refusals)}.values())
