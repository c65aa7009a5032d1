"""A pattern of a hosted configuration matches every model.

The provider's next model is then served before anybody has read whether the terms cover it. On a server of the
operator's own that is no matter, and where something is kept anyway nothing is served. Warning.

List models by id, or anchor the pattern to the families that the sources name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.keeping import keeps_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR906"

PROBES: Final = ("0", "a", "Z", "some-model", "other/Model_2.5:free", "zz9-plural-z-alpha")
"""Names that have nothing in common: a pattern that finds itself in all of them says nothing."""


class PatternMatchesEverything:
    """A hosted configuration says which models it covers."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each pattern that lets every name through."""
        for configuration in subject.configurations:
            if configuration.self_operated or not keeps_nothing(configuration):
                continue
            for index, model in enumerate(configuration.models):
                if model.pattern is not None and all(re.search(model.pattern, probe) for probe in PROBES):
                    place = subject.where(configuration, f"models.{index}")
                    sentence = "a pattern covers every model there is and will be"
                    fix = "name the models, or anchor the pattern to those that the sources cover"
                    yield Finding(ID, "warning", configuration.id, sentence, fix, place)


RULE = PatternMatchesEverything()
