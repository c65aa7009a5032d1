"""What a request must look like when it leaves, and its answer when it comes, for the attested flags to hold."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import Declared, Text, said

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\[\])?(\.[A-Za-z_][A-Za-z0-9_-]*(\[\])?)*")


def _path(value: str) -> str:
    if not _PATH.fullmatch(value):
        kind, message = "path", "a path is written like store, tools[].type or messages[].content[].type"
        raise PydanticCustomError(kind, message)
    return value


def _settable(value: str) -> str:
    if "[]" in value:
        kind, message = "path", "a forced parameter is one place, so its path has no []"
        raise PydanticCustomError(kind, message)
    return value


def _pattern(value: str) -> str:
    fault = ""
    try:
        re.compile(value)
    except re.error as error:
        # Not the message: it quotes names out of the pattern.
        fault = "not a regular expression" if error.pos is None else f"no regular expression from character {error.pos}"
    except (OverflowError, RecursionError):
        fault = "a regular expression that is too large"
    if fault:
        kind, message = "pattern", "{fault}"
        raise PydanticCustomError(kind, message, {"fault": fault})
    return value


Path = Annotated[str, AfterValidator(_path), WithJsonSchema({"type": "string", "pattern": f"^{_PATH.pattern}$"})]
"""A place in a JSON body; `[]` stands for every element of a list."""

Pattern = Annotated[str, AfterValidator(_pattern), WithJsonSchema({"type": "string"})]
"""A regular expression, searched for anywhere unless anchored."""

Scalar = None | bool | int | float | str

_PATH_OF_URL = re.compile(r"(/[A-Za-z0-9_-]+)+")


def _path_of_url(value: str) -> str:
    if not _PATH_OF_URL.fullmatch(value):
        kind, message = "path", "a path below the base URL is written /models: letters, digits, - and _, no query"
        raise PydanticCustomError(kind, message)
    return value


class Force(Declared):
    """A parameter that is set on every request, whatever the caller sent."""

    set: Annotated[
        Path,
        AfterValidator(_settable),
        WithJsonSchema({"type": "string", "pattern": f"^{_PATH.pattern}$", "not": {"pattern": r"\[\]"}}),
    ]
    to: Scalar | list[Scalar]


class Forbid(Declared):
    """Something that voids: the path being there at all, equal to a value, or matching a pattern."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {"allOf": [{"required": ["equals"]}, said("matches")]},
            "allOf": [{"properties": {"equals": {"not": {"type": "null"}}}}],
        }
    )

    path: Path
    equals: Scalar = None
    matches: Pattern | None = None
    why: Text | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if self.matches is not None and "equals" in self.model_fields_set:
            kind, message = "forbid", "give `equals` or `matches`, not both"
            raise PydanticCustomError(kind, message)
        if self.equals is None and "equals" in self.model_fields_set:
            kind, message = "forbid", "`equals: null` forbids nothing: null is what leaving it out means"
            raise PydanticCustomError(kind, message)
        return self


class Preflight(Declared):
    """A request without content, whose answer shows a header before any content leaves."""

    get: Annotated[
        str,
        AfterValidator(_path_of_url),
        WithJsonSchema({"type": "string", "pattern": f"^{_PATH_OF_URL.pattern}$"}),
    ]


class Proof(Declared):
    """What an answer must show: a header with this value, or a member of the body that is one of these.

    A header may have a `preflight`, whose answer must show it as well.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {**said("header", "equals"), "not": {"anyOf": [said("body"), said("one_of")]}},
                {**said("body", "one_of"), "not": {"anyOf": [said("header"), said("equals"), said("preflight")]}},
            ]
        }
    )

    header: Text | None = None
    equals: Text | None = None
    body: Path | None = None
    one_of: list[Text] = Field(default_factory=list)
    preflight: Preflight | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        header = self.header is not None and self.equals is not None and self.body is None and not self.one_of
        member = self.body is not None and bool(self.one_of) and self.header is None and self.equals is None
        if not (header or member):
            kind, message = "proof", "a proof is {header, equals} or {body, one_of}"
            raise PydanticCustomError(kind, message)
        if member and self.preflight is not None:
            kind, message = "proof", "a preflight shows headers only: a member of the body comes with an answer"
            raise PydanticCustomError(kind, message)
        return self


class Conditions(Declared):
    """On the request as it leaves and on the answer as it comes.

    `permit` names features (of the vocabulary) that go beyond inference and that this configuration still
    attests; everything else that keeps, shares, identifies or caches is refused.
    """

    force: list[Force] = Field(default_factory=list)
    allow: dict[Path, list[Scalar]] = Field(default_factory=dict)
    forbid: list[Forbid] = Field(default_factory=list)
    permit: list[Text] = Field(default_factory=list)
    response: list[Proof] = Field(default_factory=list)
