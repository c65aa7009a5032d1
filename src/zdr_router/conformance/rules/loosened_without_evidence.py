"""A fact is stated more weakly than before, on the same evidence.

With `--against` the files are compared with an earlier state. Whoever now says "no" where it was "unknown" or "yes",
or widens what is covered, has read something that was not read before: a source, or a place on it, that was not
listed. A later date on the same row is not that. A row counts for the claims that its `about` names, or for all. New
configurations have nothing to be compared with. Error for a flag, of any party; warning for every other fact, which
includes changes that nobody can compare.

Add the source that says so, with its locator, or take the change back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding
from zdr_router.registry.ladders import FLAGS
from zdr_router.registry.loosening import loosened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.findings import Level
    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration
    from zdr_router.registry.facts import Evidence

ID = "ZDR950"

CLAIMS: Final = {"private_network": "hosts", "excluded_models": "models", "endpoints": "conditions"}
"""The claim under which evidence speaks of a fact, where it is called otherwise."""

NO_FACTS: Final = frozenset({"dialect", "credentials"})
"""How a server is spoken to, not what it keeps."""


class LoosenedWithoutEvidence:
    """Weaker facts come with new evidence."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each fact that got weaker on what was known before."""
        known = {} if subject.before is None else subject.before.configurations
        for configuration in subject.configurations:
            before = known.get(configuration.id)
            if before is None:
                continue
            new = _new_evidence(before, configuration)
            for fact in loosened(before, configuration):
                if fact.partition(".")[0] in NO_FACTS or any(_about(row, fact) for row in new):
                    continue
                is_flag = fact.rpartition(".")[2] in FLAGS
                level: Level = "error" if is_flag else "warning"
                sentence = f"{fact} is weaker than before, and no new evidence is about it"
                fix = "add the source that says so, or take the change back"
                yield Finding(ID, level, configuration.id, sentence, fix, subject.where(configuration, _place(fact)))


def _new_evidence(before: Configuration, after: Configuration) -> list[Evidence]:
    known = {_identity(row) for row in before.attestation.evidence}
    sound = (row for row in after.attestation.evidence if row.kind != "secondary" and row.confidence != "low")
    return [row for row in sound if _identity(row) not in known]


def _identity(row: Evidence) -> tuple[str | None, ...]:
    return (row.kind, row.url, row.locator, row.digest)


def _about(row: Evidence, fact: str) -> bool:
    first, _, rest = fact.partition(".")
    claim = rest if first == "flags" else CLAIMS.get(first, first)
    return not row.about or claim in row.about


def _place(fact: str) -> str:
    """Where a fact is looked up; legs are listed, not named, in a file."""
    return "legs" if fact.startswith("legs") else fact


RULE = LoosenedWithoutEvidence()
