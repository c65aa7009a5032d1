"""Which claims a row of evidence carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.registry.facts import Evidence

READ_ONLY: Final = frozenset({"stores_prompts", "stores_outputs", "logs_content"})
"""What has to be read and cannot be inferred: everything else may follow from these, and they follow from nothing."""


def carried(evidence: Iterable[Evidence], flag: str, *, of_a_leg: bool = False) -> bool:
    """Whether any of these rows carries that a flag is no."""
    return any(_carries(each, flag, "legs" if of_a_leg else flag) for each in evidence)


def _carries(evidence: Evidence, flag: str, claim: str) -> bool:
    if evidence.kind == "secondary" or evidence.confidence == "low":
        return False
    if evidence.kind == "inference":
        return claim in evidence.about and flag not in READ_ONLY
    return not evidence.about or claim in evidence.about
