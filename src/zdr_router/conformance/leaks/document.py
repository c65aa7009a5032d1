"""The report as one JSON document."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from zdr_router.conformance.leaks.canaries import PLACES
from zdr_router.conformance.leaks.findings import SCOPE

if TYPE_CHECKING:
    from zdr_router.conformance.leaks.findings import Report


def document(report: Report) -> dict[str, Any]:
    """Plain values; `detectors` has null for those that worked, and else why one was off."""
    return {
        "scope": SCOPE,
        "summary": report.summary,
        "clean": report.clean,
        "places": dict(PLACES),
        "detectors": {name: off or None for name, off in report.detectors.items()},
        "findings": [dataclasses.asdict(each) for each in report.findings],
        "paths": [dataclasses.asdict(each) for each in report.driven],
        "memory": None if report.residue is None else {"copies": report.copies, "by_place": dict(report.residue)},
        "notes": list(report.notes),
    }
