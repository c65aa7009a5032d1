"""A flag is left unknown where nothing else says no.

No party on the way says "yes" to keeping content, and one does not say at all; unknown never passes (ZDR201), so the
configuration serves nobody for want of a reading. Where some flag is "yes" anyway, an unknown one changes nothing and
is not reported. Warning.

Look for a sentence of the provider's about it; if there is none, leave it unknown and live with the refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.registry.ladders import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR903"


class FlagUnknown:
    """Where no flag is yes, none is unknown."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration, with the names of its unknown flags."""
        for configuration in subject.configurations:
            parties = [("flags", configuration.flags), *((f"{leg.leg} leg", leg.flags) for leg in configuration.legs)]
            words = [(party, name, getattr(flags, name)) for party, flags in parties for name in FLAGS]
            unknown = [f"{party}.{name}" for party, name, word in words if word == "unknown"]
            if unknown and not any(word == "yes" for _, _, word in words):
                fact = unknown[0] if unknown[0].startswith("flags.") else "legs"
                sentence = f"unknown, and so refused: {', '.join(unknown)}"
                fix = "find out what the provider says, or leave it refused"
                yield Finding(ID, "warning", configuration.id, sentence, fix, subject.where(configuration, fact))


RULE = FlagUnknown()
