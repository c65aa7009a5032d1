"""What of a record callers are told: in headers of every answer, and in the body of one that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zdr_router.hosts.gateway.faults import public_refusals

if TYPE_CHECKING:
    from zdr_router.answers import Served
    from zdr_router.hosting import HopSettings
    from zdr_router.hosts.gateway.arriving import Head
    from zdr_router.metadata import Metadata


def headers(served: Metadata | Served, settings: HopSettings) -> dict[str, str]:
    """Who answers: the configuration and its attestation, and, where the operator lets that be told, the model."""
    if served.configuration is None or served.attestation is None:
        return {}
    told = {"x-zdr-configuration": served.configuration, "x-zdr-attestation": served.attestation}
    if settings.models and served.model is not None and served.model.isascii() and served.model.isprintable():
        told["x-zdr-target"] = f"{served.configuration}/{served.model}"
    return told


def in_body(head: Head) -> bool:
    """Whether the caller wants the record in the body as well."""
    return head.headers.get(b"x-zdr-metadata") == b"body"


def body(metadata: Metadata, settings: HopSettings) -> dict[str, Any]:
    """The record without what is the operator's own: accounts, prices, and the names of files."""
    return {
        "request_id": metadata.request_id,
        "route": metadata.route,
        "configuration": metadata.configuration,
        "model": metadata.model if settings.models else None,
        "attestation": metadata.attestation,
        "policy_digest": metadata.policy_digest,
        "registry_digest": metadata.registry_digest,
        "duration_ms": metadata.duration_ms,
        "first_chunk_ms": metadata.first_chunk_ms,
        "attempts": [
            {
                "configuration": each.configuration,
                "outcome": each.outcome,
                "http_status": each.http_status,
                "duration_ms": each.duration_ms,
            }
            for each in metadata.attempts
        ],
        "refusals": public_refusals(metadata.refusals),
    }
