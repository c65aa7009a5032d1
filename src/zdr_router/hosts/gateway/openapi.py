"""The gateway's OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import zdr_router
from zdr_router.hosts.gateway.operations import OPERATIONS

_JSON: Final = "application/json"
_BODIES: Final[dict[str, dict[str, Any]]] = {
    "chat.completions": {
        "type": "object",
        "required": ["model", "messages"],
        "properties": {
            "model": {"type": "string", "description": "a route"},
            "messages": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["role", "content"],
                    "properties": {
                        "role": {"enum": ["system", "developer", "user", "assistant"]},
                        "content": {"type": "string"},
                    },
                },
            },
            "stream": {"type": "boolean"},
            "max_tokens": {"type": "integer", "minimum": 1},
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        },
    },
    "responses": {
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": {"type": "string", "description": "a route"},
            "input": {"type": "string"},
            "instructions": {"type": "string"},
            "store": {"enum": [False]},
            "stream": {"type": "boolean"},
        },
    },
    "embeddings": {
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": {"type": "string", "description": "a route"},
            "input": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
        },
    },
    "explain": {
        "type": "object",
        "required": ["model"],
        "properties": {"model": {"type": "string", "description": "a route"}},
    },
}
_OK: Final[dict[str, dict[str, Any]]] = {
    "chat.completions": {"type": "object", "required": ["id", "object", "created", "model", "choices"]},
    "responses": {"type": "object", "required": ["id", "object", "created_at", "model", "output", "status"]},
    "embeddings": {"type": "object", "required": ["object", "data", "model"]},
    "explain": {"type": "object", "required": ["object", "model", "planned", "refusals"]},
    "models": {"type": "object", "required": ["object"]},
}
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
                "refusals": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_PLAIN: Final[dict[str, tuple[str, str]]] = {
    "healthz": (_JSON, "the process runs"),
    "readyz": (_JSON, "requests would be served"),
    "metrics": ("text/plain", "counts, for whoever has the metrics key"),
    "openapi": (_JSON, "this document"),
}


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for path, operation in OPERATIONS.items():
        named = path.endswith("/")
        made = _plain(operation.name) if operation.is_open else _asked(operation.name, takes_body=operation.takes_body)
        made["operationId"] = f"{operation.name}.retrieve" if named else operation.name
        if named:
            made["parameters"] = [{"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}]
        paths[f"{path}{{model}}" if named else path] = {operation.method.lower(): made}
    return {
        "openapi": "3.1.0",
        "info": {"title": "zdr-router gateway", "version": zdr_router.__version__},
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _asked(name: str, *, takes_body: bool) -> dict[str, Any]:
    content = {_JSON: {"schema": _OK[name]}, "text/event-stream": {"schema": {"type": "string"}}}
    made: dict[str, Any] = {
        "security": [{"key": []}],
        "responses": {"200": {"description": "the answer", "content": content}, "default": _error()},
    }
    if takes_body:
        made["requestBody"] = {"required": True, "content": {_JSON: {"schema": _BODIES[name]}}}
    return made


def _plain(name: str) -> dict[str, Any]:
    kind, what = _PLAIN[name]
    ok = {"description": what, "content": {kind: {"schema": {}}}}
    other = ok if name == "readyz" else _error()
    return {"responses": {"200": ok, "503" if name == "readyz" else "default": other}}


def _error() -> dict[str, Any]:
    return {"description": "an error", "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
