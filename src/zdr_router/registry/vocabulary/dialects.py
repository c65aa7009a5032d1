"""Every foreign wire format: where its requests go, what they can carry, and what they look like. Pure data.

The guard computes from these rows what a request must be, without asking the codec that wrote it. `openai` is no row:
its paths are those of `endpoints`, its members those of the request.
Paths and headers are those that the SDKs named under `wire` send; Azure's are of the description named in `carried`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from zdr_router.registry.vocabulary import carried
from zdr_router.registry.vocabulary.wire.cohere import COHERE
from zdr_router.registry.vocabulary.wire.converse import CONVERSE
from zdr_router.registry.vocabulary.wire.generate_content import GEMINI, GENERATE_CONTENT
from zdr_router.registry.vocabulary.wire.messages import MESSAGES, RAW_PREDICT
from zdr_router.registry.vocabulary.wire.watsonx import WATSONX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.registry.vocabulary.shapes import Object

_CHAT: Final = "chat.completions"
_EMBEDDINGS: Final = "embeddings"
# The newest that Azure/azure-rest-api-specs describes for deployments; what came later is served at `/openai/v1`.
_AZURE_VERSION: Final = "api-version=2025-04-01-preview"
# A date, whichever; the one that ibm-watsonx-ai 1.8.1 sends.
_WATSONX_VERSION: Final = "version=2026-10-14"
# The one under which `wire.messages` was read; its successor takes no sampling parameters.
_ANTHROPIC_VERSION: Final = {"anthropic-version": "2023-06-01"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format.

    `carries`: what it can carry of a request, by endpoint of the vocabulary. `paths`: by endpoint and whether the
    answer is streamed, what follows the base URL; `{model}` stands for the model, quoted. `wire`: the body as it is
    sent, None where that is the request's own. `model_at`: the member that names the model, "" where the path does.
    `scope`: members that the account's scope fills in. `headers`: what every request says besides the usual.
    `streams_as`: the media type of a streamed answer. `lists`: where the list of models is, "" where none is known.
    """

    id: str
    carries: Mapping[str, Object]
    paths: Mapping[tuple[str, bool], str]
    wire: Object | None
    model_at: str = "model"
    scope: Mapping[str, Literal["project"]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    streams_as: str = "text/event-stream"
    lists: str = ""

    def path(self, endpoint: str, *, stream: bool, model: str) -> str | None:
        """What follows the base URL, query included; None where the format has no such endpoint for this model."""
        template = self.paths.get((endpoint, stream))
        if template is None or not model.strip("."):  # dots alone would name a folder
            return None
        return template.replace("{model}", quote(model, safe=""))


def _paths(whole: str, streamed: str = "") -> dict[tuple[str, bool], str]:
    return {(_CHAT, False): whole, (_CHAT, True): streamed or whole}


ROWS: Final[tuple[Dialect, ...]] = (
    Dialect(
        "litellm:anthropic",
        {_CHAT: carried.MESSAGES_CHAT},
        _paths("/v1/messages"),
        MESSAGES,
        headers=_ANTHROPIC_VERSION,
        lists="/v1/models",
    ),
    Dialect(
        "litellm:azure_anthropic",
        {_CHAT: carried.MESSAGES_CHAT},
        _paths("/v1/messages"),
        MESSAGES,
        headers=_ANTHROPIC_VERSION,
    ),
    Dialect(
        "litellm:vertex_anthropic",
        {_CHAT: carried.MESSAGES_CHAT},
        _paths(
            "/publishers/anthropic/models/{model}:rawPredict", "/publishers/anthropic/models/{model}:streamRawPredict"
        ),
        RAW_PREDICT,
        model_at="",
    ),
    Dialect(
        "litellm:bedrock",
        {_CHAT: carried.CONVERSE_CHAT},
        _paths("/model/{model}/converse", "/model/{model}/converse-stream"),
        CONVERSE,
        model_at="",
        streams_as="application/vnd.amazon.eventstream",
    ),
    Dialect(
        "litellm:gemini",
        {_CHAT: carried.GEMINI_CHAT},
        _paths("/models/{model}:generateContent", "/models/{model}:streamGenerateContent?alt=sse"),
        GEMINI,
        model_at="",
        lists="/models",
    ),
    Dialect(
        "litellm:vertex_ai",
        {_CHAT: carried.GENERATE_CONTENT_CHAT},
        _paths(
            "/publishers/google/models/{model}:generateContent",
            "/publishers/google/models/{model}:streamGenerateContent?alt=sse",
        ),
        GENERATE_CONTENT,
        model_at="",
    ),
    Dialect("litellm:cohere", {_CHAT: carried.COHERE_CHAT}, _paths("/v2/chat"), COHERE, lists="/v1/models"),
    Dialect(
        "litellm:watsonx",
        {_CHAT: carried.WATSONX_CHAT},
        _paths(f"/ml/v1/text/chat?{_WATSONX_VERSION}", f"/ml/v1/text/chat_stream?{_WATSONX_VERSION}"),
        WATSONX,
        model_at="model_id",
        scope={"project_id": "project"},
    ),
    Dialect(
        "litellm:azure",
        {_CHAT: carried.AZURE_CHAT, _EMBEDDINGS: carried.AZURE_EMBEDDINGS},
        {
            **_paths(f"/openai/deployments/{{model}}/chat/completions?{_AZURE_VERSION}"),
            (_EMBEDDINGS, False): f"/openai/deployments/{{model}}/embeddings?{_AZURE_VERSION}",
        },
        None,
    ),
)

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({row.id: row for row in ROWS})
