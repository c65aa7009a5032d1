"""A flag is "no" and no evidence carries it.

A row of evidence carries the claims that its `about` names, or, without `about`, the configuration as a whole. A
secondary source and one that was read with low confidence carry nothing; an inference carries what it names, and never
that prompts, outputs or logs are not kept. The flags of a leg are carried by a row about `legs`. Error where the
configuration would be cleared on it (its grade is `documented` and all its flags are "no"), warning elsewhere.

Name the sentence that says so (`about: [FLAG]`), or declare the flag `unknown`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.evidence import carried
from zdr_router.conformance.findings import Finding
from zdr_router.conformance.keeping import keeps_nothing
from zdr_router.registry.ladders import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.findings import Level
    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration

ID = "ZDR910"


class FlagWithoutEvidence:
    """Every "no" has a row of evidence."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each party of a configuration, with the names of its bare flags."""
        for configuration in subject.configurations:
            cleared = configuration.attestation.grade == "documented" and keeps_nothing(configuration)
            level: Level = "error" if cleared else "warning"
            for fact, names in _bare(configuration):
                sentence = f"no evidence carries that it is no: {', '.join(names)}"
                fix = "name the sentence that says so, or declare it unknown"
                yield Finding(ID, level, configuration.id, sentence, fix, subject.where(configuration, fact))


def _bare(configuration: Configuration) -> Iterator[tuple[str, list[str]]]:
    """The dotted name of the first bare flag of each party, with the names of all of them."""
    evidence = configuration.attestation.evidence
    own = [name for name in FLAGS if getattr(configuration.flags, name) == "no" and not carried(evidence, name)]
    if own:
        yield f"flags.{own[0]}", own
    for index, leg in enumerate(configuration.legs):
        bare = [
            name for name in FLAGS if getattr(leg.flags, name) == "no" and not carried(evidence, name, of_a_leg=True)
        ]
        if bare:
            yield f"legs.{index}.flags", [f"{leg.leg} leg.{name}" for name in bare]


RULE = FlagWithoutEvidence()
