"""An overlay states a shipped fact more weakly.

`unsafe_loosen` lets it, and marks every record that is made under it. That is somebody's decision, so it is shown
each time. Without `unsafe_loosen` such an overlay cannot be loaded (ZDR900). Warning.

Have whoever stands behind the overlay confirm the reason, or remove it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR930"


class OverlayLoosens:
    """No overlay weakens what is shipped."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration in use that was loosened, with the facts and the reason."""
        for configuration in subject.configurations:
            reason = subject.registry.unsafe.get(configuration.id)
            if reason is not None:
                sentence = f"an overlay loosens {reason}"
                fix = "have the reason confirmed, or remove the overlay"
                yield Finding(ID, "warning", configuration.id, sentence, fix, subject.where(configuration, "id"))


RULE = OverlayLoosens()
