"""A report as one JSON document of our own: every finding with all that is known of it, and the scope."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zdr_router.conformance.book import Report


def document(report: Report) -> dict[str, object]:
    """The report as a JSON value."""
    scope = {name: getattr(report, name) for name in ("providers", "configurations", "accounts", "routes")}
    return {
        "findings": [dataclasses.asdict(finding) for finding in report.findings],
        "scope": {**scope, "rules": len(report.rules)},
        "errors": report.errors,
        "warnings": report.warnings,
        "summary": report.summary,
    }
