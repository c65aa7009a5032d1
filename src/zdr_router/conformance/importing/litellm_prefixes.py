"""Which provider litellm means by the prefix of a model, and which prefixes stand for servers that people run."""

from __future__ import annotations

import re
from typing import Final

PROVIDERS: Final = {
    "ai21": "ai21",
    "ai21_chat": "ai21",
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "aws-bedrock",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "dashscope": "alibaba-qwen",
    "databricks": "databricks",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "featherless_ai": "featherless",
    "fireworks_ai": "fireworks",
    "friendliai": "friendli",
    "gemini": "gemini-developer-api",
    "github": "github-models",
    "groq": "groq",
    "hosted_vllm": "vllm",
    "huggingface": "huggingface",
    "hyperbolic": "hyperbolic",
    "lm_studio": "lm-studio",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "nebius": "nebius",
    "novita": "novita",
    "nvidia_nim": "nvidia",
    "oci": "oracle-oci",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "replicate": "replicate",
    "sambanova": "sambanova",
    "together_ai": "together",
    "vertex_ai": "google-vertex",
    "vllm": "vllm",
    "watsonx": "ibm-watsonx",
    "xai": "xai",
    "zai": "zai",
}
"""By prefix the id of the provider here, whether or not the registry in use declares it."""

RUN_BY_PEOPLE: Final = frozenset({"hosted_vllm", "lm_studio", "ollama", "ollama_chat", "vllm"})
"""Prefixes of server software; the same software may still be somebody else's service."""

_BARE: Final = (
    (re.compile(r"gpt-|chatgpt-|o[0-9]|text-embedding-"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
)
"""Names that litellm knows without a prefix."""


_WAYS: Final = {"bedrock": re.compile(r"(converse|converse_like|invoke)/")}
"""What litellm writes between a prefix and the model to say by which of the provider's interfaces it asks."""


def split(model: str) -> tuple[str, str] | None:
    """The prefix and the rest of a model's name as litellm reads it; None where it has no prefix that is known."""
    prefix, slash, rest = model.partition("/")
    if slash and rest and prefix in PROVIDERS:
        way = _WAYS.get(prefix)
        return prefix, way.sub("", rest, count=1) if way is not None and way.match(rest) else rest
    return next(((provider, model) for pattern, provider in _BARE if pattern.match(model)), None)
