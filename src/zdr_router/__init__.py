"""Decides where a prompt may go, and shows it."""

from zdr_router.answers import ChatCompletion, ChatStream, Embeddings, Explanation
from zdr_router.config import RouteEntry, Tenant
from zdr_router.errors import (
    AttestationError,
    ConfigError,
    Exhausted,
    InvalidRequest,
    Refused,
    RouterError,
    StreamBroken,
)
from zdr_router.metadata import Metadata, Refusal
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
    "StreamBroken",
    "Tenant",
]
