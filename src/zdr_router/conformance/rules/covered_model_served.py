"""A covered model of Anthropic's is not excluded.

Fable and Mythos are covered models: everything is kept for 30 days, wherever they are served and whatever was agreed.
A configuration that keeps nothing and serves Claude by a pattern has to exclude them by name, so that neither the
pattern nor a later one lets them in. Servers of the operator's own cannot have them. Error.

Add to `excluded_models`: `{matches: "(?i)fable|mythos", why: "a covered model: everything is kept for 30 days"}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.keeping import keeps_nothing
from zdr_router.policy.target import exclusion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration
    from zdr_router.registry.facts import Model

ID = "ZDR916"

NAMES: Final = (
    "claude-{}-5",
    "claude-{}-5-1-20261101",
    "anthropic/claude-{}-5",
    "anthropic.claude-{}-5-v1:0",
    "us.anthropic.claude-{}-5",
    "claude-{}-5@20261101",
    "claude-{}-latest",
    "Claude-{}-5",
)
"""How Claude models are called: by Anthropic, at aggregators, on Bedrock, on Vertex."""

COVERED: Final = ("fable", "mythos", "Fable", "Mythos")
FAMILIES: Final = (*COVERED, "haiku", "sonnet", "opus")


class CoveredModelServed:
    """Whoever serves Claude without keeping anything excludes Fable and Mythos."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each entry that serves Claude where a covered model is not excluded."""
        for configuration in subject.configurations:
            if configuration.self_operated or not keeps_nothing(configuration):
                continue
            for index, model in enumerate(configuration.models):
                if _lets_in(configuration, model):
                    sentence = "it serves Claude and does not exclude the covered models, Fable and Mythos"
                    place = subject.where(configuration, f"models.{index}")
                    fix = 'add to `excluded_models`: {matches: "(?i)fable|mythos", why: …}'
                    yield Finding(ID, "error", configuration.id, sentence, fix, place)


def _lets_in(configuration: Configuration, model: Model) -> bool:
    if model.id is not None:
        return re.search("(?i)fable|mythos", model.id) is not None and exclusion(configuration, model.id) is None
    pattern = model.pattern or ""
    serves_claude = any(re.search(pattern, name.format(family)) for name in NAMES for family in FAMILIES)
    covered = (name.format(family) for name in NAMES for family in COVERED)
    return serves_claude and any(exclusion(configuration, name) is None for name in covered)


RULE = CoveredModelServed()
