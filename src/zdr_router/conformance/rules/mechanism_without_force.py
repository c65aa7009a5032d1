"""A mechanism cannot be satisfied.

Everything is "no", and yet every target is refused: the mechanism is a request parameter that `conditions.force` does
not set (ZDR310), or one of its fail modes lets content leave without it (ZDR306). What nobody declared to be closed
counts as open, except for a default, which has nothing to fail. Error where the parameter is missing, since the
provider file is then incomplete; warning where the fail mode stands in the way, since that may well be the truth.

Declare the parameter under `conditions.force`, and `fail_mode: closed` where the sources say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.keeping import keeps_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR909"

NOTHING_TO_FAIL: Final = frozenset({"default", "self_operated"})


class MechanismWithoutForce:
    """What keeps nothing can be used."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Findings for each configuration that keeps nothing and clears nobody."""
        for configuration in subject.configurations:
            if not keeps_nothing(configuration):
                continue
            mechanism = configuration.mechanism
            if mechanism.kind == "request_parameter" and not configuration.conditions.force:
                sentence = "its mechanism is a request parameter, and none is forced"
                place = subject.where(configuration, "conditions")
                fix = "declare the parameter under `conditions.force`"
                yield Finding(ID, "error", configuration.id, sentence, fix, place)
            closed = mechanism.fail_mode == "closed" or mechanism.kind in NOTHING_TO_FAIL
            if mechanism.fail_mode == "open" or not closed:
                sentence = f"its mechanism's fail mode is {mechanism.fail_mode}, so it clears nobody"
                place = subject.where(configuration, "mechanism.fail_mode")
                fix = "find out whether it fails closed, or leave it refused"
                yield Finding(ID, "warning", configuration.id, sentence, fix, place)


RULE = MechanismWithoutForce()
