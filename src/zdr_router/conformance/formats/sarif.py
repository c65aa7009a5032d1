"""A report as SARIF 2.1.0, the format of code scanning. A rule's page travels along, so that it is read in place."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from zdr_router.conformance.book import Report, pages

if TYPE_CHECKING:
    from zdr_router.conformance.findings import Finding

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

FINGERPRINT: Final = "zdr/v1"
"""The fingerprint by which an alert is known again when lines move."""


def sarif(report: Report, *, version: str) -> str:
    """The report as one run of the tool in `version`."""
    rules = {page.id: index for index, page in enumerate(pages())}
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": {"name": "zdr", "version": version, "rules": _rules()}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(finding, rules, seen) for finding in report.findings],
        "properties": {"summary": report.summary},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": page.id,
            "shortDescription": {"text": f"{page.title}."},
            "fullDescription": {"text": page.text},
            "help": {"text": page.text, "markdown": page.text},
        }
        for page in pages()
    ]


def _result(finding: Finding, rules: dict[str, int], seen: Counter[str]) -> dict[str, Any]:
    said = f"{finding.id}|{finding.subject}|{finding.sentence}"
    seen[said] += 1
    next_ = f"\nNext: {finding.fix}" if finding.fix else ""
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rules[finding.id],
        "level": finding.level,
        "message": {"text": f"{finding.subject}: {finding.sentence}{next_}"},
        "partialFingerprints": {FINGERPRINT: hashlib.sha256(f"{said}|{seen[said]}".encode()).hexdigest()},
    }
    if finding.file:
        place: dict[str, Any] = {"artifactLocation": _artifact(finding.file)}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _artifact(file: str) -> dict[str, str]:
    path = Path(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}
