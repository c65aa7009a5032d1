"""Whether a target may serve a request at an instant, as the judge says who has never seen the code under test."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import judge

from simulated.declared import KEYS, OPERATOR, PROVIDER_FILES

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from simulated.journeys import Journey

CALL_POLICIES: dict[str, dict[str, object] | None] = {"": None, "us": {"regions": ["us"]}, "never": {"cache": "none"}}

_ENDPOINTS = {"embeddings": "embeddings"}


class Bench:
    """Asks the judge, and remembers what it said: its answer turns on days, not on seconds."""

    def __init__(self) -> None:
        self._said: dict[tuple[object, ...], bool] = {}

    def allows(
        self, target: str, journey: Journey, wall: float, against: tuple[AbstractSet[str], AbstractSet[str]]
    ) -> bool:
        """Whether `target` may serve at the instant `wall`; `against` is what is revoked and what is contradicted."""
        name = target.partition("/")[0]
        about = {f"provider:{name}", f"configuration:{name}/zdr", f"account:{name}", f"target:{target}"}
        revoked, contradicted = not about.isdisjoint(against[0]), not about.isdisjoint(against[1])
        day = dt.datetime.fromtimestamp(wall, dt.UTC).date()
        key = (target, journey.kind, journey.tenant, journey.variation, journey.call_policy, day, revoked, contradicted)
        if key not in self._said:
            trust = {
                "as_of": wall,
                "revoked": {f"account:{name}": ""} if revoked else {},
                "contradicted": {f"account:{name}": ""} if contradicted else {},
            }
            self._said[key] = self._ask(target, journey, wall, trust)
        return self._said[key]

    def _ask(self, target: str, journey: Journey, wall: float, trust: dict[str, object]) -> bool:
        verdicts = judge.judge(
            PROVIDER_FILES,
            {**OPERATOR, "routes": {"one": {"targets": [target]}}},
            journey.tenant,
            journey.body,
            _ENDPOINTS.get(journey.kind, "chat.completions"),
            CALL_POLICIES[journey.call_policy],
            wall,
            credentials=KEYS,
            trust=trust,
        )
        return target in judge.eligible(verdicts)
