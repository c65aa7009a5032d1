"""How an attempt that failed at an OpenAI-compatible API ended: the HTTP status decides, then machine codes alone.

The text of an error is never read: it may echo the prompt, and a prompt that speaks of rate limits is no rate
limit. A code may only refine what its status leaves open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTHING: frozenset[Outcome] = frozenset()
_ABOUT_THE_REQUEST = frozenset(
    {
        Outcome.CONTEXT_TOO_LONG,
        Outcome.PROVIDER_REFUSAL,
        Outcome.QUOTA,
        Outcome.CREDENTIAL,
        Outcome.MODEL_GONE,
        Outcome.REGION_BLOCKED,
    }
)
_ABOUT_ACCESS = frozenset({Outcome.PROVIDER_REFUSAL, Outcome.QUOTA, Outcome.MODEL_GONE, Outcome.REGION_BLOCKED})
# A server that fails on a request which it also calls inadmissible has said no: no other target is asked.
_ABOUT_A_FAILURE = frozenset({Outcome.PROVIDER_REFUSAL, Outcome.CONTEXT_TOO_LONG})

_BY_STATUS: dict[int, tuple[Outcome, frozenset[Outcome]]] = {
    401: (Outcome.CREDENTIAL, _NOTHING),
    402: (Outcome.QUOTA, _NOTHING),
    403: (Outcome.CREDENTIAL, _ABOUT_ACCESS),
    # Path, method or model are not served at this address; what is asked may be elsewhere.
    404: (Outcome.MODEL_GONE, _NOTHING),
    405: (Outcome.MODEL_GONE, _NOTHING),
    410: (Outcome.MODEL_GONE, _NOTHING),
    501: (Outcome.MODEL_GONE, _NOTHING),
    # Headers and framing are ours, never the caller's: the other side does not speak this dialect.
    406: (Outcome.MALFORMED, _NOTHING),
    411: (Outcome.MALFORMED, _NOTHING),
    415: (Outcome.MALFORMED, _NOTHING),
    417: (Outcome.MALFORMED, _NOTHING),
    426: (Outcome.MALFORMED, _NOTHING),
    431: (Outcome.MALFORMED, _NOTHING),
    407: (Outcome.UNREACHABLE, _NOTHING),  # a proxy on the way wants credentials
    408: (Outcome.TRANSIENT, _NOTHING),
    409: (Outcome.TRANSIENT, _NOTHING),
    421: (Outcome.TRANSIENT, _NOTHING),
    424: (Outcome.TRANSIENT, _ABOUT_A_FAILURE),  # TGI: the generation failed
    425: (Outcome.TRANSIENT, _NOTHING),
    498: (Outcome.TRANSIENT, _NOTHING),  # Groq: no capacity in the flex tier
    499: (Outcome.TRANSIENT, _NOTHING),
    # Too large for this target; a code that calls it a rate limit (Groq) does not make it fit later.
    413: (Outcome.CONTEXT_TOO_LONG, _NOTHING),
    429: (Outcome.RATE_LIMITED, frozenset({Outcome.QUOTA})),
    451: (Outcome.REGION_BLOCKED, _NOTHING),
}
_BY_FAMILY: dict[int, tuple[Outcome, frozenset[Outcome]]] = {
    3: (Outcome.REDIRECTED, _NOTHING),
    4: (Outcome.CALLER_FAULT, _ABOUT_THE_REQUEST),
    5: (Outcome.TRANSIENT, _ABOUT_A_FAILURE),
}
_NO_ERROR_STATUS = (Outcome.MALFORMED, _NOTHING)

# Exact tokens of `code`, `type` or `status`, in lower case.
_CODES: dict[Outcome, tuple[str, ...]] = {
    Outcome.CONTEXT_TOO_LONG: (
        "context_length_exceeded",
        "context_window_exceeded",
        "exceed_context_size_error",  # llama.cpp
        "request_too_large",
    ),
    Outcome.PROVIDER_REFUSAL: (
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",  # Alibaba
        "datainspectionfailed",
        "image_content_policy_violation",
        "invalid_prompt",  # OpenAI's reasoning models: flagged by usage policy
        "moderation_blocked",
        "responsibleaipolicyviolation",  # Azure
    ),
    Outcome.QUOTA: (
        "arrearage",  # Alibaba
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "exceeded_current_quota_error",  # Moonshot
        "insufficient_quota",
        "quota_exceeded",
    ),
    Outcome.CREDENTIAL: (
        "account_deactivated",
        "authentication_error",
        "invalid_api_key",
        "invalid_authentication_error",
        "permission_denied",
        "permission_error",
        "unauthenticated",
        "wrong_api_key",  # Cerebras
    ),
    Outcome.MODEL_GONE: (
        "deploymentnotfound",  # Azure
        "model_decommissioned",  # Groq
        "model_not_found",
        "not_found_error",
        "notfounderror",  # vLLM
        "resource_not_found_error",
    ),
    Outcome.REGION_BLOCKED: ("unsupported_country_region_territory",),
    Outcome.RATE_LIMITED: (
        "rate_limit_error",
        "rate_limit_exceeded",
        "rate_limit_reached_error",
        "resource_exhausted",
        "too_many_requests",
    ),
    Outcome.TRANSIENT: (
        "api_error",
        "engine_overloaded_error",
        "internal_server_error",
        "internalservererror",
        "overloaded_error",
        "server_error",
        "service_unavailable",
        "unavailable_error",
    ),
    Outcome.CALLER_FAULT: ("badrequesterror", "invalid_argument", "invalid_request_error"),
}
_OUTCOME_OF = {code: outcome for outcome, codes in _CODES.items() for code in codes}
_PLACES = ("code", "innererror", "status", "type", "error_type")


def classify_error(status: int, payload: bytes) -> Outcome:
    """How an answer with a `status` other than 200 ended the attempt; `payload` may be anything."""
    outcome, open_to = _rule(status)
    if not open_to:
        return outcome
    try:
        error = orjson.loads(payload)
    except ValueError:
        return outcome  # a proxy's page, or nothing
    return _refined(error, outcome, open_to)


def classify_error_object(body: object) -> Outcome:
    """How an error that came with status 200, in an answer or a stream, ended the attempt.

    `body` is the error, or the object around it. A numeric code counts as the status that it is; an error that
    names nothing known is the provider's.
    """
    error = _inner(body)
    code = error.get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == len("400"):
        code = int(code)
    if type(code) is int and code // 100 in _BY_FAMILY:
        return _refined(error, *_rule(code))
    return next((_OUTCOME_OF[token] for token in _tokens(error) if token in _OUTCOME_OF), Outcome.TRANSIENT)


def _rule(status: int) -> tuple[Outcome, frozenset[Outcome]]:
    """What the status says, and what a code may make of it."""
    return _BY_STATUS.get(status) or _BY_FAMILY.get(status // 100, _NO_ERROR_STATUS)


def _refined(body: object, outcome: Outcome, open_to: frozenset[Outcome]) -> Outcome:
    for token in _tokens(_inner(body)):
        named = _OUTCOME_OF.get(token)
        if named in open_to:
            return named
    return outcome


def _inner(body: object) -> dict[str, object]:
    """The error: under `error`, first of `errors` (IBM), in a list of one (Google), or `body` as it is (Mistral)."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {}
    error, errors = body.get("error"), body.get("errors")
    if isinstance(errors, list) and errors:
        error = errors[0]
    return error if isinstance(error, dict) else body


def _tokens(error: dict[str, object]) -> Iterator[str]:
    """The machine codes of an error, the most specific first."""
    for place in _PLACES:
        value = error.get(place)
        if isinstance(value, dict):
            value = value.get("code")
        if isinstance(value, str):
            yield value.lower()
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("reasons"), list):
        yield "content_filter"  # OpenRouter: only an input that moderation flagged comes with reasons
