"""Writes the vocabulary's shapes as JSON Schema, so that the document says what is taken from the tables that take it.

Null stands for a key that is left out, wherever that is allowed. What a schema leaves out is refused, not dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from zdr_router.registry.vocabulary.shapes import (
    Address,
    Either,
    Items,
    Nothing,
    Object,
    Opaque,
    Scalar,
    Shape,
    Switch,
    Table,
    Tagged,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Schema = dict[str, Any]

_NULL: Final[Schema] = {"type": "null"}
INTEGER: Final[Schema] = {"type": "integer", "minimum": -(2**63), "maximum": 2**64 - 1}
"""What is read as an integer; what is larger is a number that is not exact."""


def body(shape: Object) -> Schema:
    """The schema of a whole body."""
    return _object(shape)


def _schema(shape: Shape) -> Schema:  # noqa: C901, PLR0911 - one row for each shape
    match shape:
        case Scalar():
            return dict(INTEGER) if shape.kind == "integer" else {"type": shape.kind}
        case Address():
            return {"type": "string"}
        case Switch():
            return {"type": "boolean"}
        case Words():
            return {"enum": list(shape.words)}
        case Opaque():
            return {}
        case Nothing():
            return dict(_NULL)
        case Items():
            least = {"minItems": shape.at_least} if shape.at_least else {}
            return {"type": "array", "items": _schema(shape.item), **least}
        case Table():
            return {"type": "object", "additionalProperties": _or_null(shape.value)}
        case Object():
            return _object(shape)
        case Tagged():
            return _any_of(
                [_object(kind, (shape.tag, word, word == shape.default)) for word, kind in shape.kinds.items()]
            )
        case Either():
            return _any_of([_schema(case) for case in shape.cases.values()])


def _object(shape: Object, tag: tuple[str, str, bool] | None = None) -> Schema:
    """`tag` is the key that says which object this is, its word, and whether that is what is meant without it."""
    required = list(shape.required)
    properties = {name: _schema(inner) if name in required else _or_null(inner) for name, inner in shape.keys.items()}
    if tag is not None:
        name, word, may_be_absent = tag
        properties |= {name: {"enum": [word, None]} if may_be_absent else {"const": word}}
        if not may_be_absent:
            required.insert(0, name)
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made


def _or_null(shape: Shape) -> Schema:
    schema = _schema(shape)
    if not schema or schema == _NULL:
        return schema
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {"anyOf": [*schema["anyOf"], _NULL]}


def _any_of(schemas: Sequence[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
