"""A flag is left out.

A flag that the file does not state is taken to be unknown, and unknown never passes (ZDR201). Nobody can tell then
whether somebody looked and found nothing, or whether the flag was forgotten. Warning.

Look for a sentence of the provider's about it, and write what you found: `yes`, `no`, or `unknown` where there is none.
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
    """Every flag of every party is stated, if only as unknown."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration, with the names of the flags that it does not state."""
        for configuration in subject.configurations:
            parties = [("flags", configuration.flags), *((f"{leg.leg} leg", leg.flags) for leg in configuration.legs)]
            missing = [
                f"{party}.{name}" for party, flags in parties for name in FLAGS if name not in flags.model_fields_set
            ]
            if missing:
                fact = "flags" if missing[0].startswith("flags.") else "legs"
                sentence = f"left out, and so unknown and refused: {', '.join(missing)}"
                fix = "find out what the provider says, and write yes, no or unknown"
                yield Finding(ID, "warning", configuration.id, sentence, fix, subject.where(configuration, fact))


RULE = FlagUnknown()
