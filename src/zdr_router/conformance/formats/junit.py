"""A report as JUnit XML, which test dashboards read: a suite for each rule, a case for each finding.

A rule that looked and found nothing is one case that passes. A warning fails its case only where warnings fail the run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from zdr_router.conformance.book import Page, Report, pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.conformance.findings import Finding

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report, *, warnings_fail: bool) -> str:
    """The report as one `<testsuites>`."""
    top = Element("testsuites", name="zdr check")
    looked = report.rules | {finding.id for finding in report.findings}
    suites = [
        _suite(top, page, [each for each in report.findings if each.id == page.id])
        for page in pages()
        if page.id in looked
    ]
    for suite, findings in suites:
        for finding in findings:
            _case(suite, finding, fails=finding.level == "error" or warnings_fail)
        if not findings:
            SubElement(suite, "testcase", classname=f"zdr.{suite.get('id')}", name="everything that was looked at")
    for suite, _ in suites:
        suite.set("tests", str(len(suite.findall("testcase"))))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("errors", "0")
        suite.set("skipped", "0")
    for count in ("tests", "failures"):
        top.set(count, str(sum(int(suite.get(count, "0")) for suite, _ in suites)))
    top.set("errors", "0")
    indent(top)
    return tostring(top, encoding="unicode", xml_declaration=False)


def _suite(top: Element, page: Page, findings: Sequence[Finding]) -> tuple[Element, Sequence[Finding]]:
    return SubElement(top, "testsuite", id=page.id, name=f"{page.id}: {page.title}"), findings


def _case(suite: Element, finding: Finding, *, fails: bool) -> None:
    case = SubElement(suite, "testcase", classname=f"zdr.{finding.id}", name=writable(finding.subject))
    lines = [finding.sentence]
    lines += [f"where: {finding.where}"] if finding.where else []
    lines += [f"next: {finding.fix}"] if finding.fix else []
    if fails:
        told = SubElement(case, "failure", type=finding.level, message=writable(finding.sentence))
    else:
        told = SubElement(case, "system-out")
        lines[0] = f"{finding.level}: {finding.sentence}"
    told.text = writable("\n".join(lines))


def writable(text: str) -> str:
    """`text` without the characters that XML has no way to write."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
