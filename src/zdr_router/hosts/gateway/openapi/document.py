"""Puts the document together: what is written in document.yaml, and what all operations of a kind have in common."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, cast

import zdr_router
from zdr_router.hosts.gateway.openapi import requests
from zdr_router.hosts.gateway.operations import OPERATIONS
from zdr_router.registry.strict_yaml import parse
from zdr_router.registry.vocabulary import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.hosts.gateway.operations import Operation

_WRITTEN: Final = "document.yaml"
_BODIES: Final = {"ChatRequest": "chat.completions", "EmbeddingsRequest": "embeddings"}
_ALWAYS: Final = ("x-request-id", "x-client-request-id", "cache-control")
_SERVED: Final = ("x-zdr-configuration", "x-zdr-attestation", "x-zdr-target")
_LIMITS: Final = tuple(
    f"x-ratelimit-{what}-{of}" for of in ("requests", "tokens") for what in ("limit", "remaining", "reset")
)
_AGAIN: Final = ("retry-after", "retry-after-ms", "x-should-retry")
_ERROR_HEADERS: Final = {
    "401": ("www-authenticate", *_AGAIN[2:]),
    "403": ("www-authenticate", *_AGAIN[2:]),
    "405": ("allow",),
    "429": (*_AGAIN, *_LIMITS),
    "502": _AGAIN,
    "503": _AGAIN,
    "504": _AGAIN,
}
_OF_THE_HOP: Final = ("403", "405", "421", "500")
_OF_KEYS: Final = ("401", "429", "503")
_OF_BODIES: Final = ("400", "404", "408", "413", "415")
_OF_TARGETS: Final = ("502", "504")


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    made = cast("dict[str, Any]", parse(files(__package__).joinpath(_WRITTEN).read_bytes(), _WRITTEN).value)
    made["info"]["version"] = zdr_router.__version__
    components = made["components"]
    components["schemas"]["Integer"] |= requests.INTEGER
    for name, endpoint in _BODIES.items():
        components["schemas"][name] |= _body(endpoint)
    for status, response in components["responses"].items():
        response["headers"] = _headers((*_ALWAYS, *_ERROR_HEADERS.get(status, ())))
        response["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operation in OPERATIONS.items():
        named = f"{path}{{model}}" if path.endswith("/") else path
        _complete(made["paths"][named][operation.method.lower()], operation)
    return made


def _body(endpoint: str) -> dict[str, Any]:
    schema = requests.body(REQUESTS[endpoint])
    schema["properties"]["model"] = {"$ref": "#/components/schemas/Route"}
    schema["properties"]["provider"] = {"$ref": "#/components/schemas/Preferences"}
    schema["required"] = ["model", *schema["required"]]
    return schema


def _complete(described: dict[str, Any], operation: Operation) -> None:
    """Add what an operation has of its kind: headers, errors and who may ask."""
    responses = described["responses"]
    headers = (*_ALWAYS, *(() if operation.is_open else _LIMITS), *(_SERVED if operation.endpoint else ()))
    for response in responses.values():
        if "$ref" not in response:
            response["headers"] = _headers(headers)
    errors = [*_OF_THE_HOP]
    if not operation.is_open:
        described["security"] = [{"key": []}]
        errors += _OF_KEYS
    if operation.takes_body:
        errors += _OF_BODIES
    if operation.endpoint:
        errors += _OF_TARGETS
    for status in sorted(errors):
        responses.setdefault(status, {"$ref": f"#/components/responses/{status}"})


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
