from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from zdr_router.cli.exits import Code
from zdr_router.conformance.contract.book import checks
from zdr_router.conformance.contract.runner import SCOPE

HOSTED = "groq-prod/llama-3.3-70b-versatile"


def test_a_route_is_tested_on_the_wire_without_network_key_or_grant(zdr, operator):
    result = zdr("conform", "mixed", "-c", operator())
    assert result.exit_code == Code.DONE, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == SCOPE
    assert [line for line in lines if line in {HOSTED, "local/any"}] == [HOSTED, "local/any"]
    assert lines[-1].startswith("2 targets, 36 checks: ")
    assert ": 0 passed" not in lines[-1]
    assert " 0 failed" in lines[-1]
    assert result.stderr == ""


def test_json_has_every_result_with_its_reason(zdr, operator):
    document = json.loads(zdr("conform", HOSTED, "-c", operator(), "--json").stdout)
    assert document["scope"] == SCOPE
    wire = [check.id for check in checks() if check.kind == "wire"]
    assert [each["id"] for each in document["results"]] == wire
    assert {each["target"] for each in document["results"]} == {HOSTED}
    assert all(each["sentence"] for each in document["results"])
    assert document["passed"] + document["failed"] + document["skipped"] == len(wire)


def test_junit_counts_skips_apart(zdr, operator):
    result = zdr("conform", "mixed", "-c", operator(), "--format", "junit")
    top = ET.fromstring(result.stdout)  # noqa: S314 - our own output
    assert [suite.get("name") for suite in top] == [HOSTED, "local/any"]
    for suite in top:
        assert suite.find("properties/property").get("value") == SCOPE
        assert int(suite.get("tests")) == len(suite.findall("testcase")) == 18
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) > 0
        assert suite.get("failures") == "0"
        assert all(case[0].tag in {"skipped", "system-out"} for case in suite.findall("testcase"))
        assert all(case.find("skipped").get("message") for case in suite.findall("testcase[skipped]"))


def test_a_live_check_says_beforehand_how_much_it_sends_and_then_asks(zdr, operator, model):
    result = zdr("conform", "assistant", "-c", operator(model.base_url), "--live", "--only", "live", "--json")
    assert "at most 3 requests, of at most 64 tokens each, will be sent to local/any" in result.stderr
    found = {each["id"]: each["status"] for each in json.loads(result.stdout)["results"]}
    assert found == {
        **dict.fromkeys(("ZDC101", "ZDC102", "ZDC103"), "passed"),
        **dict.fromkeys(("ZDC104", "ZDC105", "ZDC106"), "skipped"),
    }
    assert len(model.bodies) == 3
    assert {body["max_tokens"] for body in model.bodies} == {64}
    assert result.exit_code == Code.DONE


def test_a_provider_that_breaks_the_contract_is_an_exit_code(zdr, operator, model):
    model.mood = "breaking"
    result = zdr("conform", "local/any", "-c", operator(model.base_url), "--live", "--only", "live")
    assert result.exit_code == Code.REFUSED
    assert "ZDC103" in result.stdout
    assert "no whole stream came: truncated" in result.stdout


def test_what_may_not_be_asked_is_not_and_fails_with_the_reasons(zdr, operator):
    result = zdr("conform", HOSTED, "-c", operator(), "--live", "--only", "live", "--format", "junit")
    assert result.exit_code == Code.REFUSED
    (failure,) = ET.fromstring(result.stdout).iter("failure")  # noqa: S314 - our own output
    assert failure.text.startswith("it may not be asked, and was not: ")
    assert "ZDR301 zero retention needs a grant" in failure.text


def test_the_checks_are_listed_without_a_file(zdr):
    result = zdr("conform", "--list")
    assert result.exit_code == Code.DONE
    assert result.stdout.splitlines()[0] == SCOPE
    assert all(check.id in result.stdout for check in checks())
    listed = json.loads(zdr("conform", "--list", "--json").stdout)
    assert [(each["id"], each["kind"]) for each in listed] == [(check.id, check.kind) for check in checks()]


def test_a_check_is_explained_by_its_id(zdr):
    result = zdr("explain", "ZDC011")
    assert result.stdout.startswith("ZDC011: A redirect is not followed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing is named to be tested"),
        (("nobody",), "the file has no such route or target"),
        (("assistant", "--only", "live"), "live checks send billed requests"),
        (("assistant", "--only", "wire", "--live"), "two demands"),
        (("assistant", "--with-bad-key"), "--with-bad-key is about live checks"),
        (("assistant", "--live", "--length", "tokens=3"), "--length is not NAME=N"),
        (("assistant", "--live", "--length", "max_tokens=0"), "--length is not NAME=N"),
        (("assistant", "--json", "--format", "junit"), "two formats"),
        (("assistant", "--only", "both"), "invalid value"),
    ],
)
def test_a_command_line_that_is_wrong_is_said_to_be(zdr, operator, arguments, said):
    result = zdr("conform", *arguments, "-c", operator())
    assert result.exit_code == Code.USAGE
    assert said in result.stderr
    assert result.stdout == ""


def test_a_target_that_answers_no_chats_is_a_fault_of_the_file(zdr, operator):
    file = operator()
    text = file.read_text(encoding="utf-8")
    text = text.replace("groq/zdr", "openai/zdr-embeddings").replace(
        "llama-3.3-70b-versatile", "text-embedding-3-small"
    )
    file.write_text(text, encoding="utf-8")
    result = zdr("conform", "hosted", "-c", file)
    assert result.exit_code == Code.CONFIGURATION
    assert "does not cover chat.completions" in result.stderr
    assert "openai.yaml:" in result.stderr
