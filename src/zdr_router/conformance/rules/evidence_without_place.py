"""The locator of evidence names no place.

Whoever reads the source again has to find the same sentence; "page" or the address once more does not lead there. A
row without any locator cannot be loaded (ZDR900). Error.

Name the heading, the table, the clause, or quote the first words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR912"

_WORDS: Final = "n/?a|none|tbd|to ?do|fixme|unknown|https?://\\S*"
_THINGS: Final = "above|here|link|page|site|source|url|website"
NOWHERE: Final = re.compile(rf"\W*({_WORDS}|((see|the|this|whole) )*({_THINGS}))?\W*", re.IGNORECASE)
"""A locator that is nothing but one of these leads nowhere."""


class EvidenceWithoutPlace:
    """Every source says where on it."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each locator that leads nowhere."""
        for configuration in subject.configurations:
            for index, evidence in enumerate(configuration.attestation.evidence):
                if NOWHERE.fullmatch(evidence.locator):
                    place = subject.where(configuration, f"attestation.evidence.{index}")
                    sentence = "a locator names no place on its source"
                    fix = "name the heading, the table or the clause, or quote the first words"
                    yield Finding(ID, "error", configuration.id, sentence, fix, place)


RULE = EvidenceWithoutPlace()
