from __future__ import annotations

import json

import pytest
from tests.conformance.statement.conftest import DAY, OPERATORS, PROVIDER

from zdr_router.cli.exits import Code


@pytest.fixture
def config(tmp_path):
    def write(name, *change):
        (tmp_path / "example.yaml").write_text(PROVIDER, encoding="utf-8")
        path = tmp_path / "zdr.yaml"
        text = OPERATORS[name]
        for old, new in change:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return path

    return write


NOW = ("--now", str(DAY))


def test_the_page_is_printed_and_nothing_else(process, config):
    result = process("statement", "-c", config("strict"), *NOW)
    assert (result.returncode, result.stderr) == (Code.DONE, "")
    assert result.stdout.startswith("# Where prompts go, and what is kept of them\n")


def test_json_has_every_sentence(zdr, config):
    said = json.loads(zdr("statement", "-c", config("tolerant"), *NOW, "--json").stdout)
    (service,) = said["services"]
    assert service["grade"] == "documented"
    assert service["not_sent"] == ["Requests with images are not sent there."]
    assert "for up to 90 days" in service["exceptions"][0]


def test_with_a_target_that_may_serve_nobody_nothing_is_said(process, config):
    path = config("strict", ("{minimum_grade: contracted}", "{minimum_grade: contracted, countries: [DE]}"))
    result = process("statement", "-c", path, *NOW)
    assert (result.returncode, result.stdout) == (Code.REFUSED, "")
    assert "no statement about zero retention can be made" in result.stderr
    assert "ZDR703 hidden-agreed/large" in result.stderr


def test_with_a_fact_that_an_overlay_loosened_nothing_is_said(process, config, tmp_path):
    path = config("strict", ("providers: [example.yaml]", "providers: [example.yaml], overlays: [overlay.yaml]"))
    (tmp_path / "overlay.yaml").write_text(
        "schema: 1\noverlay: {reviewed_by: me, unsafe_loosen: because}\n"
        "configurations: [{id: example/agreed, regions: [us]}]\n",
        encoding="utf-8",
    )
    result = process("statement", "-c", path, *NOW)
    assert (result.returncode, result.stdout) == (Code.REFUSED, "")
    assert "example/agreed: an overlay loosens what is declared of it" in result.stderr


def test_once_a_reading_has_lapsed_nothing_is_said(zdr, config):
    result = zdr("statement", "-c", config("strict"), "--now", "2027-02-21")
    assert result.exit_code == Code.REFUSED
    assert "ZDR101" in result.stderr


@pytest.mark.parametrize("args", [("--tenant", "nobody"), ("--now", "today")])
def test_bad_usage_is_said_so(zdr, config, args):
    assert zdr("statement", "-c", config("tolerant"), *args).exit_code == Code.USAGE


def test_a_tenant_may_have_a_statement_of_its_own(zdr, config):
    path = config("tolerant", ("globex: {policy: {minimum_grade: documented}}", "globex: {policy: {cache: none}}"))
    assert zdr("statement", "-c", path, *NOW, "--tenant", "acme").exit_code == Code.DONE
    assert zdr("statement", "-c", path, *NOW, "--tenant", "globex").exit_code == Code.REFUSED


TWO = """\
policy:
  minimum_grade: contracted
  cache: host_memory
  tolerate: [abuse_flag, legal_hold]
  human_review_within_exceptions: true
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: http://127.0.0.1:8081/v1
    grant: {basis: self_operated, stated_by: me, since: 2026-11-22, until: 2027-01-22}
  claude: {configuration: anthropic/zdr, api_key: {env: ABSENT}, scope: {workspace: one}}
routes:
  assistant: {targets: [claude/claude-haiku-4-5, local/gemma]}
"""


def test_a_target_is_not_blamed_for_an_endpoint_that_only_another_one_serves(process, tmp_path):
    path = tmp_path / "zdr.yaml"
    path.write_text(TWO, encoding="utf-8")
    result = process("statement", "-c", path, "--now", "2026-11-23")
    assert result.returncode == Code.REFUSED
    reasons = [line.split()[0] for line in result.stderr.splitlines() if line.startswith("  ZDR")]
    assert reasons == ["ZDR301", "ZDR401"]
