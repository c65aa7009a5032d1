"""An embedding: its parameters and the forms of its input."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.shapes import INTEGER, TEXT, Either, Items, Object, Scalar, Words

_TOKENS_OR_TEXTS: Final = Items(
    Either({"string": TEXT, "integer": INTEGER, "list": Items(INTEGER, at_least=1)}), at_least=1
)

EMBEDDINGS: Final = Object(
    {
        "model": parts.ROUTER_PARAMETERS["model"],
        "provider": parts.ROUTER_PARAMETERS["provider"],
        "input": Either({"string": TEXT, "list": _TOKENS_OR_TEXTS}),
        "dimensions": Scalar("integer", "embedding_format"),
        "encoding_format": Words({"float": "embedding_format", "base64": "embedding_format"}),
        "user": parts.IDENTITY_PARAMETERS["user"],
    },
    required=("input",),
)
"""The body of POST /embeddings, as published with openai-python 3.54.0 (read 2026-11-22)."""
