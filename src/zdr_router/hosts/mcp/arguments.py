"""What the tools take, and how arguments are read: a fault is told by the name of the argument, never by its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Route = Annotated[str, Field(min_length=1, max_length=200, description="The name of a route; see `list_models`.")]


class Arguments(BaseModel):
    """The arguments of a tool: these and no others, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class AskArguments(Arguments):
    """The arguments of `ask`."""

    route: Route
    prompt: Annotated[str, Field(min_length=1, repr=False, description="What to ask. It is kept nowhere.")]
    system: Annotated[str, Field(repr=False, description="Instructions that stand before the prompt.")] = ""
    max_tokens: Annotated[int | None, Field(ge=1, description="The longest answer, in tokens.")] = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="How freely the model chooses.")] = None


class ExplainArguments(Arguments):
    """The arguments of `explain_route`."""

    route: Route
    tools: Annotated[bool, Field(description="As if the request used tools of the caller's own.")] = False
    json_object: Annotated[bool, Field(description="As if the answer had to be a JSON object.")] = False


class NoArguments(Arguments):
    """The arguments of `list_models`."""


class CheckArguments(Arguments):
    """The arguments of `check_registry`."""

    everything: Annotated[
        bool, Field(description="Look at every configuration of the registry, not only at those that routes use.")
    ] = False


_SAID: Final = {
    "missing": "is missing",
    "extra_forbidden": "is no argument of this tool",
    "string_type": "has to be a string",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "int_type": "has to be a whole number",
    "float_type": "has to be a number",
    "bool_type": "has to be true or false",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}

A = TypeVar("A", bound=Arguments)


def read(kind: type[A], given: Mapping[str, Any]) -> A | str:
    """The arguments, or what is wrong with them: only names and words of ours."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_context=False, include_url=False)
    told = []
    for fault in faults:
        name = str(fault["loc"][0]) if fault["loc"] else ""
        shown = f"`{name}`" if name in kind.model_fields else "an argument that was given"
        told.append(f"{shown} {_SAID.get(fault['type'], 'is not valid')}")
    return "; ".join(dict.fromkeys(told))


def schema(kind: type[Arguments]) -> dict[str, Any]:
    """JSON Schema of the arguments."""
    made = kind.model_json_schema()
    made.pop("description", None)
    return made
