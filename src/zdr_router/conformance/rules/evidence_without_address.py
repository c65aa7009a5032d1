"""Evidence cannot be opened, or only over http.

A claim that nobody can look up again cannot be renewed, and a page fetched over http may have been changed on the
way. Contracts and the operator's own statements need no address, since their `locator` says where they lie; an
inference has none. Warning.

Give the evidence an https address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR907"

PRIVATE: Final = frozenset({"contract", "operator", "inference"})
"""Kinds of evidence that lie in a drawer, or in what other evidence says."""


class EvidenceWithoutAddress:
    """Every public source can be opened over https."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each source without a good address."""
        for configuration in subject.configurations:
            for index, evidence in enumerate(configuration.attestation.evidence):
                if evidence.url is None and evidence.kind in PRIVATE:
                    continue
                if evidence.url is None or not evidence.url.startswith("https://"):
                    sentence = "evidence has no address" if evidence.url is None else "evidence is read over http"
                    place = subject.where(configuration, f"attestation.evidence.{index}")
                    fix = "give the https address of the page"
                    yield Finding(ID, "warning", configuration.id, sentence, fix, place)


RULE = EvidenceWithoutAddress()
