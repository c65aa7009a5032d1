"""Decides where a prompt may go, and shows it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zdr_router.answers import ChatCompletion, ChatStream, Embeddings, Explanation
    from zdr_router.entries import RouteEntry, Tenant
    from zdr_router.errors import (
        AttestationError,
        ConfigError,
        Exhausted,
        InvalidRequest,
        Refused,
        RouterError,
        StreamBroken,
    )
    from zdr_router.metadata import ErrorCode, Metadata, Refusal, Signal
    from zdr_router.policy.accounts import Account, Grant
    from zdr_router.policy.policy import Policy
    from zdr_router.registry import Registry
    from zdr_router.router import AsyncRouter
    from zdr_router.sync import Router

__version__ = "0.1.0"

__all__ = [
    "Account",
    "AsyncRouter",
    "AttestationError",
    "ChatCompletion",
    "ChatStream",
    "ConfigError",
    "Embeddings",
    "ErrorCode",
    "Exhausted",
    "Explanation",
    "Grant",
    "InvalidRequest",
    "Metadata",
    "Policy",
    "Refusal",
    "Refused",
    "Registry",
    "RouteEntry",
    "Router",
    "RouterError",
    "Signal",
    "StreamBroken",
    "Tenant",
]

# Loaded when they are asked for: a host that only catches an error does not wait for the registry's models.
_HOMES = {
    "answers": ("ChatCompletion", "ChatStream", "Embeddings", "Explanation"),
    "entries": ("RouteEntry", "Tenant"),
    "errors": (
        "AttestationError",
        "ConfigError",
        "Exhausted",
        "InvalidRequest",
        "Refused",
        "RouterError",
        "StreamBroken",
    ),
    "metadata": ("ErrorCode", "Metadata", "Refusal", "Signal"),
    "policy.accounts": ("Account", "Grant"),
    "policy.policy": ("Policy",),
    "registry": ("Registry",),
    "router": ("AsyncRouter",),
    "sync": ("Router",),
}


def __getattr__(name: str) -> object:
    """Import a public name from where it lives."""
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
