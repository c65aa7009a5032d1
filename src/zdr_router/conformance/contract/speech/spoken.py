"""Which wire format a dialect is answered in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.cohere import COHERE
from zdr_router.conformance.contract.speech.converse import CONVERSE
from zdr_router.conformance.contract.speech.generate_content import GENERATE_CONTENT
from zdr_router.conformance.contract.speech.messages import MESSAGES
from zdr_router.conformance.contract.speech.openai import OPENAI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.conformance.contract.speech.base import Speech

SPEECHES: Final[Mapping[str, Speech]] = MappingProxyType(
    {
        "openai": OPENAI,
        "litellm:azure": OPENAI,
        "litellm:watsonx": OPENAI,
        "litellm:anthropic": MESSAGES,
        "litellm:azure_anthropic": MESSAGES,
        "litellm:vertex_anthropic": MESSAGES,
        "litellm:bedrock": CONVERSE,
        "litellm:gemini": GENERATE_CONTENT,
        "litellm:vertex_ai": GENERATE_CONTENT,
        "litellm:cohere": COHERE,
    }
)
"""Every dialect that the router speaks; a test watches that none is missing."""
