"""Where requests of foreign formats go: the addresses that providers document, at the hosts of the registry."""

from __future__ import annotations

import pytest
from deployments import shipped

from zdr_router.registry.hosts import bindings
from zdr_router.registry.vocabulary import REQUESTS
from zdr_router.registry.vocabulary.dialects import DIALECTS

# By dialect: what the providers' references show, whole and streamed.
DOCUMENTED = {
    "litellm:anthropic": ("https://api.anthropic.com/v1/messages",) * 2,
    "litellm:azure_anthropic": ("https://res.services.ai.azure.com/anthropic/v1/messages",) * 2,
    "litellm:azure": (
        "https://res.openai.azure.com/openai/deployments/m/chat/completions?api-version=2025-04-01-preview",
    )
    * 2,
    "litellm:bedrock": (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse-stream",
    ),
    "litellm:cohere": ("https://api.cohere.com/v2/chat",) * 2,
    "litellm:gemini": (
        "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
        "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
    ),
    "litellm:vertex_ai": (
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/google/models/m:generateContent",
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/google/models/m:streamGenerateContent?alt=sse",
    ),
    "litellm:vertex_anthropic": (
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/m:rawPredict",
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/m:streamRawPredict",
    ),
    "litellm:watsonx": (
        "https://us-south.ml.cloud.ibm.com/ml/v1/text/chat?version=2026-10-14",
        "https://us-south.ml.cloud.ibm.com/ml/v1/text/chat_stream?version=2026-10-14",
    ),
}
# Served beside the others, at an address of its own.
ELSEWHERE = {"anthropic/platform-on-aws"}

FOREIGN = [each for each in shipped().configurations.values() if each.dialect in DIALECTS and each.id not in ELSEWHERE]


def test_every_dialect_has_documented_addresses():
    assert DOCUMENTED.keys() == DIALECTS.keys()


@pytest.mark.parametrize("configuration", FOREIGN, ids=lambda each: each.id)
@pytest.mark.parametrize("stream", [False, True])
def test_hosts_of_the_registry_and_paths_make_the_documented_address(configuration, stream):
    row = DIALECTS[configuration.dialect]
    for endpoint in configuration.endpoints:
        path = row.path(endpoint, stream=stream, model="m")
        assert path is not None
        documented = DOCUMENTED[configuration.dialect][stream]
        assert documented.endswith(path)
        base = documented.removesuffix(path)
        assert any(bindings(host, base) is not None for host in configuration.hosts), (base, configuration.hosts)


# How the providers' own clients authenticate.
AUTHENTICATED = {
    "litellm:anthropic": {"x-api-key"},
    "litellm:azure_anthropic": {"x-api-key", "azure_ad"},
    "litellm:azure": {"api-key", "azure_ad"},
    "litellm:bedrock": {"aws_sigv4", "bearer"},
    "litellm:cohere": {"bearer"},
    "litellm:gemini": {"x-goog-api-key"},
    "litellm:vertex_ai": {"google"},
    "litellm:vertex_anthropic": {"google"},
    "litellm:watsonx": {"ibm_iam"},
}


@pytest.mark.parametrize("configuration", FOREIGN, ids=lambda each: each.id)
def test_configurations_authenticate_as_the_format_does(configuration):
    assert configuration.credentials.auth in AUTHENTICATED[configuration.dialect]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_key_never_stands_in_an_address(dialect):
    for path in DIALECTS[dialect].paths.values():
        _, _, query = path.partition("?")
        assert {part.partition("=")[0] for part in query.split("&") if part} <= {"alt", "version", "api-version"}


def test_every_endpoint_that_is_carried_has_a_path():
    for row in DIALECTS.values():
        assert {endpoint for endpoint, _ in row.paths} == row.carries.keys() <= REQUESTS.keys()
