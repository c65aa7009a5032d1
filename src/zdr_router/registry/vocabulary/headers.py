"""Every request header that means something to a provider, and which feature it is.

None of them is forwarded: the router writes the headers of the request that leaves. The table says why.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "authorization": "credentials",
        "api-key": "credentials",
        "x-api-key": "credentials",
        "proxy-authorization": "credentials",
        "x-goog-api-key": "credentials",
        "x-amz-date": "credentials",
        "x-amz-security-token": "credentials",
        "accept": "representation",
        "accept-encoding": "representation",
        "connection": "representation",
        "content-encoding": "representation",
        "content-length": "representation",
        "content-type": "representation",
        "host": "representation",
        "transfer-encoding": "representation",
        "openai-organization": "account_scope",
        "openai-project": "account_scope",
        "openai-beta": "beta_features",
        "openai-safety-identifier": "end_user",
        "idempotency-key": "idempotency",
        "baggage": "tracing",
        "traceparent": "tracing",
        "tracestate": "tracing",
        "x-client-request-id": "tracing",
        "x-request-id": "tracing",
        "accept-language": "client_fingerprint",
        "cookie": "client_fingerprint",
        "forwarded": "client_fingerprint",
        "origin": "client_fingerprint",
        "referer": "client_fingerprint",
        "user-agent": "client_fingerprint",
        "via": "client_fingerprint",
        "x-forwarded-for": "client_fingerprint",
        "x-real-ip": "client_fingerprint",
    }
)
"""Header names in lower case, each with the id of its feature."""

HEADER_PREFIXES: Final[Mapping[str, str]] = MappingProxyType({"x-stainless-": "client_fingerprint"})
"""The same for families of headers: what client libraries tell about themselves."""
