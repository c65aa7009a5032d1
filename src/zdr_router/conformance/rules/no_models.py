"""A configuration that keeps nothing lists no model.

Its flags are all "no", and yet it can serve nobody: without an entry under `models` every target is refused (ZDR501).
Warning.

List the models that the sources cover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.keeping import keeps_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR905"


class NoModels:
    """What keeps nothing serves something."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration without models."""
        for configuration in subject.configurations:
            if keeps_nothing(configuration) and not configuration.models:
                sentence = "it lists no model, so every target is refused"
                fix = "list the models that the sources cover"
                yield Finding(ID, "warning", configuration.id, sentence, fix, subject.where(configuration, "models"))


RULE = NoModels()
