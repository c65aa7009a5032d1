"""What a local overlay says, and how it is laid over what is shipped."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import ConfigurationId, Declared, Json, Text
from zdr_router.registry.configuration import Schema
from zdr_router.registry.loosening import loosened

__all__ = ["Overlay", "OverlayFile", "loosened", "merge"]

_ID: TypeAdapter[str] = TypeAdapter(ConfigurationId)


class Overlay(Declared):
    """Who stands behind a local change; `unsafe_loosen` gives the reason for weakening a shipped fact."""

    reviewed_by: Text
    unsafe_loosen: Text | None = None


def _named(entry: dict[str, Json]) -> dict[str, Json]:
    try:
        _ID.validate_python(entry.get("id"))
    except ValidationError:
        named = False
    else:
        named = True
    if not named:
        kind, message = "id", "an entry says by its `id` which configuration it changes"
        raise PydanticCustomError(kind, message)
    return entry


class OverlayFile(Declared):
    """A file of local changes: for each configuration, only the keys that change.

    Mappings merge with what is shipped; lists and scalars replace it.
    """

    schema_: Annotated[Schema, Field(alias="schema")]
    overlay: Overlay
    configurations: Annotated[list[Annotated[dict[str, Json], AfterValidator(_named)]], Field(min_length=1)]


def merge(base: object, change: object) -> object:
    """`base` with `change` laid over it."""
    if isinstance(base, dict) and isinstance(change, dict):
        merged = dict(base)
        for key, value in change.items():
            merged[key] = merge(base[key], value) if key in base else value
        return merged
    return change
