from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from zdr_router.conformance.book import Report, pages
from zdr_router.conformance.formats.sarif import FINGERPRINT, SCHEMA, sarif

FILE = Path(__file__).parent / "schema" / "sarif-schema-2.1.0.json"


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    assert schema["id"] == SCHEMA
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


@pytest.fixture
def log(report):
    return json.loads(sarif(report, version="1.2.3"))


def test_the_schema_is_the_one_that_oasis_published():
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert digest == "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
    assert digest in (FILE.parent / "README.md").read_text(encoding="utf-8")


def test_a_report_is_valid(log, validator):
    assert [error.message for error in validator.iter_errors(log)] == []


def test_a_report_without_findings_is_valid(validator):
    empty = json.loads(sarif(Report(()), version="1"))
    assert empty["runs"][0]["results"] == []
    assert [error.message for error in validator.iter_errors(empty)] == []


SPOILT = {
    "a level that is none": lambda run: run["results"][0].update(level="fatal"),
    "a result without a message": lambda run: run["results"][0].pop("message"),
    "a line before the first": lambda run: run["results"][1]["locations"][0]["physicalLocation"]["region"].update(
        startLine=0
    ),
    "a rule that is there twice": lambda run: run["tool"]["driver"]["rules"].append(run["tool"]["driver"]["rules"][0]),
    "a member that is none": lambda run: run.update(findings=[]),
}


@pytest.mark.parametrize("name", SPOILT)
def test_the_schema_would_notice(log, validator, name):
    spoilt = copy.deepcopy(log)
    SPOILT[name](spoilt["runs"][0])
    assert list(validator.iter_errors(spoilt))


def test_every_id_is_a_rule_with_its_page_and_every_result_points_at_its_own(log):
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [page.id for page in pages()]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert rules[1]["shortDescription"]["text"] == "The attestation has expired."
    assert "zdr registry renew" in rules[1]["help"]["text"]


def test_levels_messages_and_places_are_those_of_the_findings(log, report):
    results = log["runs"][0]["results"]
    assert [result["level"] for result in results] == [finding.level for finding in report.findings]
    assert results[1]["message"]["text"] == "groq/zdr: it expired\nNext: read it again"
    places = [[each["physicalLocation"] for each in result.get("locations", [])] for result in results]
    root = {"uriBaseId": "%SRCROOT%"}
    assert places[0] == [{"artifactLocation": {"uri": "providers/a%20b.yaml", **root}, "region": {"startLine": 7}}]
    assert places[2] == [{"artifactLocation": {"uri": "providers/groq.yaml", **root}}]
    assert places[4] == [{"artifactLocation": {"uri": "file:///etc/o.yaml"}, "region": {"startLine": 3}}]
    assert places[5] == []


def test_a_fingerprint_outlives_a_move_of_lines_and_tells_twins_apart(log, report):
    moved = tuple(dataclasses.replace(each, where="elsewhere.yaml:1") for each in report.findings)
    again = json.loads(sarif(Report(moved), version="1"))
    prints = [[each["partialFingerprints"][FINGERPRINT] for each in run["runs"][0]["results"]] for run in (log, again)]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(report.findings)


def test_the_tool_names_its_version_and_the_run_its_scope(log):
    (run,) = log["runs"]
    assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("zdr", "1.2.3")
    assert run["properties"]["summary"] == "2 providers, 3 configurations, 3 rules: 3 errors, 3 warnings"
