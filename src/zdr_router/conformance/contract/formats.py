"""A report of the contract in the formats that other tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from zdr_router.conformance.contract.runner import SCOPE
from zdr_router.conformance.formats.junit import writable

if TYPE_CHECKING:
    from zdr_router.conformance.contract.runner import Report, Result


def document(report: Report) -> dict[str, object]:
    """The report as a JSON value."""
    counts = report.counts
    return {
        "scope": SCOPE,
        "results": [_row(result) for result in report.results],
        **{status: counts[status] for status in ("passed", "failed", "skipped")},
        "summary": report.summary,
    }


def _row(result: Result) -> dict[str, str]:
    page, verdict = result.check.page, result.verdict
    named = {"target": result.target, "id": page.id, "kind": result.check.kind, "shows": page.title}
    return {**named, "status": verdict.status, "sentence": verdict.sentence}


def junit(report: Report) -> str:
    """The report as JUnit XML: a suite for each target, a case for each check."""
    top = Element("testsuites", name="zdr conform", errors="0")
    for target in dict.fromkeys(result.target for result in report.results):
        suite = SubElement(top, "testsuite", name=writable(target))
        SubElement(SubElement(suite, "properties"), "property", name="scope", value=SCOPE)
        results = [result for result in report.results if result.target == target]
        for result in results:
            _case(suite, result)
        counts = {status: sum(each.verdict.status == status for each in results) for status in ("failed", "skipped")}
        suite.set("tests", str(len(results)))
        suite.set("failures", str(counts["failed"]))
        suite.set("skipped", str(counts["skipped"]))
        suite.set("errors", "0")
    top.set("tests", str(len(report.results)))
    top.set("failures", str(report.counts["failed"]))
    indent(top)
    return tostring(top, encoding="unicode", xml_declaration=False)


def _case(suite: Element, result: Result) -> None:
    page, verdict = result.check.page, result.verdict
    case = SubElement(suite, "testcase", classname=f"zdr.{page.id}", name=f"{page.id}: {page.title}")
    said = writable(verdict.sentence)
    match verdict.status:
        case "failed":
            SubElement(case, "failure", type=result.check.kind, message=said).text = said
        case "skipped":
            SubElement(case, "skipped", message=said)
        case "passed":
            SubElement(case, "system-out").text = said
