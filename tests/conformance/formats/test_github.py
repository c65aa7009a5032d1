from __future__ import annotations

import re
from urllib.parse import unquote

from zdr_router.conformance.book import Report
from zdr_router.conformance.formats.github import github

COMMAND = re.compile(r"::(?P<level>error|warning) (?P<properties>[^:]*)::(?P<message>.*)")


def read(line):
    """A workflow command as a runner reads it: percent escapes, and nothing but those."""
    match = COMMAND.fullmatch(line)
    properties = dict(each.split("=", 1) for each in match["properties"].split(","))
    return match["level"], {name: unquote(text) for name, text in properties.items()}, unquote(match["message"])


def test_each_finding_is_one_line_and_the_summary_is_the_last(report):
    *commands, summary = github(report).split("\n")
    assert len(commands) == len(report.findings)
    assert summary == "2 providers, 3 configurations, 3 rules: 3 errors, 3 warnings"


def test_a_finding_in_the_checkout_is_an_annotation_of_its_line(report):
    assert github(report).split("\n")[1] == (
        "::error file=providers/groq.yaml,line=42,title=ZDR901 groq/zdr::groq/zdr: it expired%0ANext: read it again"
    )


def test_a_finding_about_a_file_has_no_line(report):
    _, properties, _ = read(github(report).split("\n")[2])
    assert properties == {"file": "providers/groq.yaml", "title": "ZDR907 groq/zdr"}


def test_what_lies_elsewhere_is_told_in_the_message(report):
    level, properties, message = read(github(report).split("\n")[4])
    assert level == "warning"
    assert set(properties) == {"title"}
    assert "\nWhere: /etc/o.yaml:3\n" in message


def test_percent_line_ends_colons_and_commas_are_escaped(report):
    line = github(report).split("\n")[4]
    assert "100%25 <of> it" in line
    assert '"all":%0D%0Aof' in line
    assert read(line)[2].startswith('x/y: 100% <of> it, "all":\r\nof & ')
    tricky = Report((report.findings[1].__class__("ZDR901", "error", "a:b,c%d", "s", "", "p,q:r.yaml:1"),))
    assert github(tricky).startswith("::error file=p%2Cq%3Ar.yaml,line=1,title=ZDR901 a%3Ab%2Cc%25d::a:b,c%25d: s\n")


def test_a_finding_without_a_place_has_only_its_title(report):
    _, properties, message = read(github(report).split("\n")[5])
    assert properties == {"title": "ZDR931 litellm"}
    assert "Where" not in message
