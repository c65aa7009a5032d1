"""No target of a route may serve anybody.

For the operator and for every tenant, the plainest request that the route could be asked is refused by every target.
Keys that are not on this machine are taken to be there. Error.

`zdr explain ROUTE -c zdr.yaml` gives every reason, with the fix and the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.clearable import explained
from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.answers import Explanation
    from zdr_router.conformance.subject import Subject

ID = "ZDR927"


class RouteClearsNobody:
    """Every route can serve somebody."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each route that cannot."""
        for name, explanations in explained(subject):
            if subject.operator is None or any(each.planned for each in explanations):
                continue
            sentence = f"no target of it may serve anybody ({_reasons(explanations[0])})"
            fix = f"see every reason: zdr explain {name} -c {subject.operator.document.file}"
            yield Finding(ID, "error", f"route {name}", sentence, fix, subject.operator.where("routes", name))


def _reasons(explanation: Explanation) -> str:
    """The ids of the refusals, by target."""
    ids = {
        target: dict.fromkeys(refusal.id for refusal in explanation.refusals if refusal.target == target)
        for target in explanation.refused_targets
    }
    return "; ".join(f"{target}: {', '.join(found)}" for target, found in ids.items())


RULE = RouteClearsNobody()
