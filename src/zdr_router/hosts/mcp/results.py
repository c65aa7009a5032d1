"""What the tools give, as models: their JSON Schemas are published, and results are written by them.

Nothing in them names an account of the operator, a file or a target: what is public of a target is its configuration.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Until = Annotated[float | None, Field(description="Seconds since the epoch; null: without an end.")]


class Result(BaseModel):
    """What a tool gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(Result):
    """What came of `ask`."""

    text: Annotated[str, Field(repr=False)]
    finish_reason: str | None
    configuration: Annotated[str | None, Field(description="The attested configuration that answered.")]
    model: str | None
    attestation: Annotated[str | None, Field(description="The digest of what that configuration is attested by.")]
    request_id: str
    input_tokens: int | None
    output_tokens: int | None


class Choice(Result):
    """A configuration that may serve a route now."""

    configuration: str
    model: str
    until: Until
    cache: Annotated[str, Field(description="The most durable place in which prefixes of prompts are kept.")]
    forced: Annotated[list[str], Field(description="Parameters that are set whatever the request says.")]


class Refused(Result):
    """Why a configuration may not serve a route. `id` is explained by `zdr explain`."""

    id: str
    configuration: str
    reason: str
    fix: str | None = None


class Explained(Result):
    """What `explain_route` gives: who would be asked, in order, and why the others may not be."""

    route: str
    planned: list[Choice]
    refused: list[Refused]


class Listed(Result):
    """A route, and what may serve it now."""

    route: str
    choices: list[Choice]


class Models(Result):
    """What `list_models` gives: the routes that something may serve now."""

    routes: list[Listed]


class Fault(Result):
    """A fault of the registry. `id` is that of the rule."""

    id: str
    level: str
    subject: str
    sentence: str


class Checked(Result):
    """What `check_registry` gives. `faults` holds at most 100 of them; errors come first."""

    registry: Annotated[str, Field(description="The digest of the registry that is in force.")]
    configurations: Annotated[int, Field(description="How many were looked at.")]
    errors: int
    warnings: int
    faults: list[Fault]
