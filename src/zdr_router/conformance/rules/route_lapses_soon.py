"""The last target of a route that may serve lapses soon.

Then the route refuses everything: an outage with a date. The date is the clearance's own, so it counts grants,
attestations and the policy's `max_attestation_age` alike. The warning comes 30 days ahead, or `--ahead`
days. Warning.

Renew what lapses (`zdr grant`, `zdr registry renew`), or add a target.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from zdr_router.conformance.clearable import explained
from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR926"


class RouteLapsesSoon:
    """Every route has a target that holds for longer than the warning comes ahead."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each route whose longest clearance is short."""
        for name, explanations in explained(subject):
            until = max((each.until for one in explanations for each in one.planned), default=None)
            if subject.operator is None or until is None or until - subject.now >= subject.ahead:
                continue
            when = dt.datetime.fromtimestamp(until, dt.UTC)
            sentence = f"from {when:%Y-%m-%d %H:%M} UTC on, no target of it may serve"
            fix = f"see what lapses: zdr explain {name} -c {subject.operator.document.file}"
            yield Finding(ID, "warning", f"route {name}", sentence, fix, subject.operator.where("routes", name))


RULE = RouteLapsesSoon()
