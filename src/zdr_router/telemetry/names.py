"""Which names telemetry uses: OpenTelemetry's for calls of models where it has one, `zdr.…` for the rest. Pure data.

Those of OpenTelemetry are from its conventions for generative AI (all but `error.type` and `http.…` are still called
"development" there), kept here since no released package is bound to keep them. The conventions also have names for
messages, instructions and tools. None of those is here, and nothing else is ever set.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
MODEL: Final = "gen_ai.request.model"
STREAM: Final = "gen_ai.request.stream"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHED_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - what is counted
ERROR: Final = "error.type"
HTTP_STATUS: Final = "http.response.status_code"

REQUEST: Final = "zdr.request.id"
ENDPOINT: Final = "zdr.endpoint"
ROUTE: Final = "zdr.route"
TENANT: Final = "zdr.tenant"
STATUS: Final = "zdr.status"
TARGET: Final = "zdr.target"
CONFIGURATION: Final = "zdr.configuration"
ATTESTATION: Final = "zdr.attestation.digest"
POLICY: Final = "zdr.policy.digest"
REGISTRY: Final = "zdr.registry.digest"
ATTEMPTS: Final = "zdr.attempts"
REFUSALS: Final = "zdr.refusals"
UNSAFE: Final = "zdr.unsafe"
ATTEMPT: Final = "zdr.attempt"
OUTCOME: Final = "zdr.outcome"
SENT: Final = "zdr.sent"
REFUSAL: Final = "zdr.refusal"
CHANGE: Final = "zdr.health.change"

ROUTE_SPAN: Final = "zdr.route"
"""The name of the span of a request; that of an attempt is `OPERATION MODEL`, as the conventions say."""

_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
_TOKENS: Final = tuple(4**power for power in range(14))


class Instrument(NamedTuple):
    """A metric. `buckets` are bounds of a histogram; without them it is a counter."""

    name: str
    unit: str
    says: str
    buckets: tuple[float, ...] = ()


CALL_DURATION: Final = Instrument(
    "gen_ai.client.operation.duration", "s", "How long an attempt at one target took.", _SECONDS
)
CALL_FIRST_CHUNK: Final = Instrument(
    "gen_ai.client.operation.time_to_first_chunk", "s", "From an attempt's start to its first content.", _SECONDS
)
TOKENS: Final = Instrument("gen_ai.client.token.usage", "{token}", "Tokens of an answer, as counted there.", _TOKENS)
DURATION: Final = Instrument("zdr.request.duration", "s", "How long a request took, with all its attempts.", _SECONDS)
TIME_TO_FIRST_CHUNK: Final = Instrument(
    "zdr.request.time_to_first_chunk", "s", "From a request's start to the first content handed out.", _SECONDS
)
REFUSED: Final = Instrument("zdr.request.refusals", "{refusal}", "Reasons for which targets were refused.")
HEALTH: Final = Instrument("zdr.health.changes", "{change}", "Ejections and other changes in the health of targets.")

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"chat.completions": "chat", "responses": "chat", "embeddings": "embeddings"}
)
"""What the conventions call an endpoint."""

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws-bedrock": "aws.bedrock",
        "gemini-developer-api": "gcp.gemini",
        "google-vertex": "gcp.vertex_ai",
        "ibm-watsonx": "ibm.watsonx.ai",
        "mistral": "mistral_ai",
        "moonshot": "moonshot_ai",
        "xai": "x_ai",
    }
)
"""What the conventions call a provider of the registry, where that is not its id."""
