from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from zdr_router.conformance import rules
from zdr_router.conformance.book import OF_COMPARISONS, OF_OPERATORS, Report, check, entries, pages, unreadable
from zdr_router.conformance.findings import Finding
from zdr_router.conformance.subject import Subject
from zdr_router.errors import Problem

MODULES = [module.name for module in pkgutil.iter_modules(rules.__path__)]
TESTS = Path(__file__).parent / "rules"


def test_every_module_is_one_rule_with_an_id_of_its_own(book):
    assert len(book) == len(entries()) == len(MODULES)
    assert all(id_.startswith("ZDR9") and len(id_) == 6 for id_ in book)


@pytest.mark.parametrize("name", MODULES)
def test_every_rule_has_a_test_of_its_own(name):
    assert (TESTS / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", MODULES)
def test_the_page_of_a_rule_has_a_title_and_says_how_bad_it_is(name):
    page = importlib.import_module(f"{rules.__name__}.{name}").__doc__
    title, blank, *text = page.strip().splitlines()
    assert title.endswith(".")
    assert blank == ""
    assert "Error" in page or "Warning" in page or "error" in page
    assert len(text) >= 3


def test_what_is_right_is_found_right(registry, find_in_file):
    report = check(Subject.of_registry([registry()], now=1798761600.0))
    assert report.findings == ()
    assert report.summary == f"1 provider, 1 configuration, {len(report.rules)} rules: no errors, no warnings"
    for entry in entries():
        assert find_in_file(entry.id) == []


def test_without_an_operators_file_the_rules_about_one_are_not_counted(registry, find_in_file, tmp_path):
    alone = check(Subject.of_registry([registry()]))
    find_in_file("ZDR901")
    both = check(Subject.of_operator(tmp_path / "zdr.yaml", environ={}))
    operators, comparisons = (
        sum(first <= entry.id <= last for entry in entries()) for first, last in (OF_OPERATORS, OF_COMPARISONS)
    )
    assert (operators, comparisons) == (13, 1)
    assert len(alone.rules) == len(entries()) - operators - comparisons
    assert len(both.rules) == len(entries()) - comparisons
    assert both.summary.startswith(f"1 provider, 1 configuration, 1 account, 1 route, {len(both.rules)} rules: ")


def test_findings_come_in_the_order_of_the_file(configuration, registry):
    configuration["conditions"] = {"permit": ["b", "a"], "forbid": [{"path": "zz"}]}
    configuration["attestation"]["expires"] = "2026-12-25"
    findings = check(Subject.of_registry([registry()], now=1798761600.0)).findings
    lines = [int(finding.where.rpartition(":")[2]) for finding in findings]
    assert len(lines) == 4
    assert lines == sorted(lines)


def test_problems_of_loading_are_errors_with_their_places():
    report = unreadable([Problem("wrong", file="a.yaml", line=3, fix="mend it"), Problem("worse")])
    assert [(each.id, each.level, each.where, each.fix) for each in report.findings] == [
        ("ZDR900", "error", "a.yaml:3", "mend it"),
        ("ZDR900", "error", "", ""),
    ]
    assert report.errors == 2


def test_what_cannot_be_loaded_has_a_page_like_every_rule():
    first, *others = pages()
    assert (first.id, first.title) == ("ZDR900", "A file cannot be loaded")
    assert [page.id for page in others] == [entry.id for entry in entries()]
    assert all(page.text and not page.text.startswith(page.title) for page in pages())


def test_places_are_told_from_where_one_stands(tmp_path):
    inside, outside = (Finding("ZDR901", "error", "s", "x", "y", where) for where in (f"{tmp_path}/a/b.yaml:3", "/x:4"))
    seen = Report((inside, outside, Finding("ZDR901", "error", "s", "x", "y"))).seen_from(tmp_path)
    assert [each.where for each in seen.findings] == ["a/b.yaml:3", "/x:4", ""]
    unread = Finding("ZDR900", "error", f"{tmp_path}/a.yaml", "x", "y", f"{tmp_path}/a.yaml:3").seen_from(tmp_path)
    assert (unread.subject, unread.where) == ("a.yaml", "a.yaml:3")
    assert [(each.file, each.line) for each in seen.findings] == [("a/b.yaml", 3), ("/x", 4), ("", 0)]


def test_reports_add_up():
    one = Report(
        (Finding("ZDR901", "error", "s", "x", "y"),), providers=1, configurations=2, rules=frozenset({"ZDR901"})
    )
    two = Report(
        (Finding("ZDR902", "warning", "s", "x", "y"),),
        providers=1,
        configurations=1,
        rules=frozenset({"ZDR901", "ZDR902"}),
    )
    assert (one + two).summary == "2 providers, 3 configurations, 2 rules: 1 error, 1 warning"
