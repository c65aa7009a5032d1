"""A report as workflow commands, which GitHub shows as annotations beside the lines; the summary follows as plain text.

Only a path inside the checkout can be annotated; the place of anything else goes into the message.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zdr_router.conformance.book import Report
    from zdr_router.conformance.findings import Finding

_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}


def github(report: Report) -> str:
    """One command for each finding, then the summary."""
    return "\n".join([*(_command(finding) for finding in report.findings), report.summary])


def _command(finding: Finding) -> str:
    properties = {"title": f"{finding.id} {finding.subject}"}
    outside = not finding.file or Path(finding.file).is_absolute() or ".." in Path(finding.file).parts
    if not outside:
        place = {"file": finding.file, "line": str(finding.line)}
        properties = {**{name: text for name, text in place.items() if text != "0"}, **properties}
    message = "\n".join(_message(finding, with_place=outside))
    return f"::{finding.level} {_properties(properties)}::{_escaped(message, _DATA)}"


def _message(finding: Finding, *, with_place: bool) -> Iterator[str]:
    yield f"{finding.subject}: {finding.sentence}"
    if with_place and finding.where:
        yield f"Where: {finding.where}"
    if finding.fix:
        yield f"Next: {finding.fix}"


def _properties(properties: Mapping[str, str]) -> str:
    return ",".join(f"{name}={_escaped(text, _PROPERTY)}" for name, text in properties.items())


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)
