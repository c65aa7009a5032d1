"""One report with everything in it that a format could stumble over."""

from __future__ import annotations

import pytest

from zdr_router.conformance.book import Report
from zdr_router.conformance.findings import Finding

FINDINGS = (
    Finding("ZDR900", "error", "providers/a b.yaml", "unknown key x", "remove it", "providers/a b.yaml:7"),
    Finding("ZDR901", "error", "groq/zdr", "it expired", "read it again", "providers/groq.yaml:42"),
    Finding("ZDR907", "warning", "groq/zdr", "evidence has no address", "", "providers/groq.yaml"),
    Finding("ZDR907", "warning", "groq/zdr", "evidence has no address", "", "providers/groq.yaml:9"),
    Finding("ZDR930", "warning", "x/y", '100% <of> it, "all":\r\nof & \x1b[1mit\x00', "a,b:c", "/etc/o.yaml:3"),
    Finding("ZDR931", "error", "litellm", "nowhere in particular", "install another"),
)


@pytest.fixture
def report():
    return Report(FINDINGS, providers=2, configurations=3, rules=frozenset({"ZDR901", "ZDR902", "ZDR907"}))
