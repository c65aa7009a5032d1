"""Which parameters, tools, media, headers and endpoints exist, and which feature each one is. Pure data.

The tables follow the published types of OpenAI's API; what other servers add is marked as an extension.
What no table names is unknown, and unknown is refused.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.embeddings import EMBEDDINGS
from zdr_router.registry.vocabulary.endpoints import ENDPOINTS, Endpoint
from zdr_router.registry.vocabulary.features import FEATURES, Effect, Feature, Media
from zdr_router.registry.vocabulary.headers import HEADER_PREFIXES, HEADERS
from zdr_router.registry.vocabulary.responses import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.registry.vocabulary.shapes import Object

__all__ = [
    "ENDPOINTS",
    "FEATURES",
    "HEADERS",
    "HEADER_PREFIXES",
    "REQUESTS",
    "Effect",
    "Endpoint",
    "Feature",
    "Media",
]

REQUESTS: Final[Mapping[str, Object]] = MappingProxyType(
    {"chat.completions": CHAT, "embeddings": EMBEDDINGS, "responses": RESPONSES}
)
"""The bodies that the router reads, by endpoint id."""
