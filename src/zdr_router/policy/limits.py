"""How much an account may be asked of: what its provider, or its operator, allows for each of its models."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zdr_router.registry.base import Declared


class Limits(Declared):
    """At most so many requests at a time, requests a minute, tokens (in and out) a minute, at each target."""

    concurrency: Annotated[int, Field(ge=1)] | None = None
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
