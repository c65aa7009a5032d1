"""A key as a row of its table, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zdr_router.hosts.keys.key import Key, Limits
from zdr_router.policy.policy import Policy

if TYPE_CHECKING:
    from sqlalchemy import RowMapping


def row_of(key: Key) -> dict[str, Any]:
    """The columns, but for `epoch`."""
    return {
        "id": key.id,
        "name": key.name,
        "hash": key.hash,
        "former": key.former,
        "former_until": key.former_until,
        "tenant": key.tenant,
        "customer": key.customer,
        "routes": _names(key.routes),
        "endpoints": _names(key.endpoints),
        "policy": None if key.policy is None else policy_json(key.policy),
        **key.limits._asdict(),
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "last_used": key.last_used,
    }


def key_of(row: RowMapping) -> Key:
    """The key. Raises `ValueError` where a column does not say what it should."""
    policy = row["policy"]
    return Key(
        id=row["id"],
        name=row["name"],
        hash=bytes(row["hash"]),
        created=row["created"],
        tenant=row["tenant"],
        customer=row["customer"],
        routes=_set(row["routes"]),
        endpoints=_set(row["endpoints"]),
        policy=None if policy is None else Policy.model_validate_json(policy),
        limits=Limits(*(row[name] for name in Limits._fields)),
        expires=row["expires"],
        revoked=row["revoked"],
        former=None if row["former"] is None else bytes(row["former"]),
        former_until=row["former_until"],
        last_used=row["last_used"],
    )


def policy_json(policy: Policy) -> str:
    """A policy, as far as it says something."""
    return policy.model_dump_json(exclude_unset=True, exclude_none=True)


def _names(names: frozenset[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def _set(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(map(str, json.loads(text)))
