from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from zdr_router.conformance.book import Report
from zdr_router.conformance.formats.junit import junit

# What Jenkins' junit-10.xsd, the commonly used one, lets stand in each element: attributes (! is required), children.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {
            *("name!", "tests!", "failures!", "errors!", "group", "time", "skipped", "timestamp", "hostname"),
            *("id", "package", "file", "log", "url"),
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name!", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def parsed(text):
    return ET.fromstring(text)  # noqa: S314 - our own output


def faults(element):
    """Every departure from the schema, below `element` and in it."""
    if element.tag not in ALLOWED:
        return [f"no element {element.tag}"]
    attributes, children = ALLOWED[element.tag]
    known = {name.removesuffix("!") for name in attributes}
    required = {name.removesuffix("!") for name in attributes if name.endswith("!")}
    found = [f"{element.tag} has no {name}" for name in set(element.keys()) - known]
    found += [f"{element.tag} lacks {name}" for name in required - set(element.keys())]
    found += [f"{child.tag} in {element.tag}" for child in element if child.tag not in children]
    return found + [fault for child in element for fault in faults(child)]


@pytest.fixture
def top(report):
    return parsed(junit(report, warnings_fail=True))


@pytest.mark.parametrize("warnings_fail", [True, False])
def test_a_report_is_what_readers_of_junit_expect(report, warnings_fail):
    assert faults(parsed(junit(report, warnings_fail=warnings_fail))) == []


def test_the_check_itself_would_notice(top):
    top[0].set("level", "high")
    del top[1].attrib["tests"]
    top[2].append(ET.Element("failure"))
    assert faults(top) == ["testsuite has no level", "testsuite lacks tests", "failure in testsuite"]


def test_counts_are_those_of_the_cases(top):
    for element in top.iter("testsuite"):
        assert int(element.get("tests")) == len(element.findall("testcase"))
        assert int(element.get("failures")) == len(element.findall("testcase/failure"))
    assert int(top.get("tests")) == len(list(top.iter("testcase")))
    assert (top.get("failures"), top.get("errors")) == ("6", "0")


def test_every_rule_that_looked_is_a_suite_and_what_found_nothing_passes(top):
    suites = {suite.get("id"): suite for suite in top}
    assert list(suites) == ["ZDR900", "ZDR901", "ZDR902", "ZDR907", "ZDR930", "ZDR931"]
    assert suites["ZDR901"].get("name") == "ZDR901: The attestation has expired"
    (passed,) = suites["ZDR902"]
    assert (passed.get("classname"), len(passed)) == ("zdr.ZDR902", 0)


def test_a_finding_is_a_case_that_failed(top):
    (case,) = top.findall("testsuite[@id='ZDR901']/testcase")
    (failure,) = case
    assert (case.get("classname"), case.get("name")) == ("zdr.ZDR901", "groq/zdr")
    assert (failure.get("type"), failure.get("message")) == ("error", "it expired")
    assert failure.text == "it expired\nwhere: providers/groq.yaml:42\nnext: read it again"


def test_warnings_pass_where_they_do_not_fail_the_run(report):
    top = parsed(junit(report, warnings_fail=False))
    assert top.get("failures") == "3"
    told = [case[0] for case in top.findall("testsuite[@id='ZDR907']/testcase")]
    assert [each.tag for each in told] == ["system-out", "system-out"]
    assert told[0].text.startswith("warning: evidence has no address")


def test_what_xml_cannot_say_is_replaced_and_the_rest_comes_back(top):
    (failure,) = top.findall("testsuite[@id='ZDR930']/testcase/failure")
    assert failure.text.startswith('100% <of> it, "all":')
    assert "of & \N{REPLACEMENT CHARACTER}[1mit\N{REPLACEMENT CHARACTER}" in failure.text


def test_nothing_found_is_all_passed():
    top = parsed(junit(Report((), rules=frozenset({"ZDR901", "ZDR902"})), warnings_fail=True))
    assert (top.get("tests"), top.get("failures")) == ("2", "0")
