"""JSON Schema for editors, made from the models that the loader validates with.

A file that the schema rejects, the loader rejects. The loader rejects more: dates in their order, hosts, what depends
on other files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from zdr_router.entries import ConfigFile
from zdr_router.registry.configuration import ProviderFile

if TYPE_CHECKING:
    from zdr_router.registry.base import Declared

Kind = Literal["provider", "operator"]

FILES: Final[dict[Kind, tuple[type[Declared], str]]] = {
    "provider": (ProviderFile, "A provider file of zdr-router"),
    "operator": (ConfigFile, "The operator's file of zdr-router, zdr.yaml"),
}
"""What each kind of file is validated with, and its title."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Final = {"string": str, "boolean": bool, "integer": int}


def schema(kind: Kind) -> dict[str, Any]:
    """The schema of one kind of file, JSON Schema 2020-12. Words such as `no` are strings, as YAML 1.2 reads them."""
    model, title = FILES[kind]
    document = _tidied(model.model_json_schema(by_alias=True))
    return {"$schema": _DIALECT, "title": title, **document}


def _tidied(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Without titles made of names and defaults that are no plain values, and with every object closed."""
    if isinstance(node, list):
        return [_tidied(each) for each in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidied(value) for key, value in node.items() if key not in {"title", "default"}}
    if "properties" in node and isinstance(node["properties"], dict):
        tidy["properties"] = {name: _tidied(each) for name, each in node["properties"].items()}
    if isinstance(node.get("default"), _PLAIN.get(str(node.get("type")), ())):
        tidy["default"] = node["default"]
    if "patternProperties" in node:
        tidy.setdefault("additionalProperties", False)
    return tidy
