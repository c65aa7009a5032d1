from __future__ import annotations

import json
import os
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry, shipped_directory

# The shipped registry as of the days on which it was read, so that no test lapses with it.
NOW = ("--now", "2026-12-01")


def test_the_shipped_registry_has_no_errors_from_any_folder(process):
    result = process("check", *NOW, "--fail-level", "error")
    assert result.returncode == Code.DONE
    assert result.stderr == ""
    summary = result.stdout.splitlines()[-1]
    assert summary.startswith(f"{len(Registry.shipped().providers)} providers, ")
    assert ": no errors, " in summary


def test_warnings_alone_have_an_exit_code_of_their_own_unless_they_are_to_pass(zdr):
    result = zdr("check", *NOW)
    assert "warning ZDR" in result.stdout
    assert (result.exit_code, zdr("check", *NOW, "--fail-level", "error").exit_code) == (Code.WARNINGS, Code.DONE)


def test_without_findings_there_is_the_summary_alone(zdr):
    result = zdr("check", shipped_directory() / "llama-cpp.yaml")
    assert (result.exit_code, result.stdout.count("\n")) == (Code.DONE, 1)
    assert result.stdout.startswith("1 provider, 2 configurations, ")


def test_time_is_an_argument(zdr):
    result = zdr("check", "--now", "2027-03-01")
    assert result.exit_code == Code.REFUSED
    assert "error ZDR901 groq/zdr: the attestation expired at the end of 2027-02-20" in result.stdout


def test_json_has_findings_and_scope(zdr):
    document = json.loads(zdr("check", *NOW, "--json").stdout)
    assert document["errors"] == 0
    assert document["warnings"] == len(document["findings"])
    assert document["scope"]["providers"] == len(Registry.shipped().providers)
    assert {"id", "level", "subject", "sentence", "fix", "where"} == set(document["findings"][0])


def test_every_fault_of_every_file_is_a_finding(zdr, tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("schema: 1\nretention: none\n", encoding="utf-8")
    result = zdr("check", tmp_path)
    assert result.exit_code == Code.REFUSED
    for name in ("one", "two"):
        assert f"{name}.yaml:2" in result.stdout
    assert result.stdout.count("unknown key retention") == 2
    assert "error ZDR900" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("args", [("-c", "absent.yaml"), ("absent.yaml",)])
def test_a_missing_file_is_an_error(process, args):
    result = process("check", *args)
    assert result.returncode == Code.REFUSED
    assert "absent.yaml" in result.stdout


def test_an_operators_file_is_judged_with_the_configurations_that_it_uses(zdr, operator):
    result = zdr("check", "-c", operator(), "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == Code.REFUSED
    assert document["scope"] == {
        "providers": 2,
        "configurations": 2,
        "accounts": 3,
        "routes": 3,
        "rules": document["scope"]["rules"],
    }
    found = {(finding["id"], finding["subject"]) for finding in document["findings"]}
    assert found >= {
        ("ZDR920", "account groq-prod"),
        ("ZDR920", "account spare"),
        ("ZDR923", "account groq-prod"),
        ("ZDR925", "account spare"),
        ("ZDR927", "route hosted"),
    }
    assert not any(subject in {"route assistant", "route mixed"} for _, subject in found)


def test_a_file_and_paths_are_judged_together(zdr, operator):
    document = json.loads(zdr("check", shipped_directory() / "vllm.yaml", "-c", operator(), "--json").stdout)
    assert document["scope"]["providers"] == 3


@pytest.mark.parametrize("now", ["tomorrow", "2026-13-01"])
def test_a_date_that_is_none_is_bad_usage(zdr, now):
    assert zdr("check", "--now", now).exit_code == Code.USAGE


def test_every_fault_of_an_operators_file_is_a_finding(zdr, operator):
    config = operator()
    text = config.read_text(encoding="utf-8")
    text = text.replace("groq/zdr", "groq/zero").replace("[local/any]", "[nobody/any]")
    config.write_text(text, encoding="utf-8")
    result = zdr("check", "-c", config)
    assert result.exit_code == Code.REFUSED
    assert "account groq-prod uses the configuration groq/zero, which is not declared" in result.stdout
    assert "the target nobody/any names no declared account" in result.stdout
    assert "  where: " + str(config) + ":10" in result.stdout


BARE = """\
schema: 1
provider: {id: example, name: Example, legal_entity: "Example, Inc.", country: US}
configurations:
  - id: example/zdr
    title: Example
    hosts: ["https://api.example.com/v1"]
    endpoints: [chat.completions]
    mechanism: {kind: org_setting, fail_mode: closed}
    flags:
      {stores_prompts: no, stores_outputs: no, logs_content: no,
       trains_on_content: no, human_review: no, shares_or_sells: no}
    cache: {medium: none}
    models: [{id: m}]
    attestation:
      observed: 2026-11-22
      expires: 2027-02-20
      evidence:
        - {kind: terms, url: "https://example.com/terms", locator: section 4, observed: 2026-11-22, confidence: high}
"""
WARNED = BARE.replace("https://example.com/terms", "http://example.com/terms")
WRONG = BARE.replace("section 4", "see above")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that one stands in, with provider files in a folder of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "providers").mkdir()

    def write(text, folder="providers"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "example.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


ENDS = {
    "clean": (BARE, (), 0),
    "warnings": (WARNED, (), 2),
    "warnings that may pass": (WARNED, ("--fail-level", "error"), 0),
    "errors": (WRONG, (), 3),
    "errors that may not pass": (WRONG, ("--fail-level", "error"), 3),
    "unreadable": ("not: [yaml", (), 3),
    "lapsing within 83 days": (BARE, ("--ahead", "83"), 2),
    "not lapsing within 82 days": (BARE, ("--ahead", "82"), 0),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("form", ["pretty", "json", "sarif", "junit", "github"])
def test_the_exit_code_says_how_bad_it_is_in_every_format(zdr, checkout, form, end):
    text, args, code = ENDS[end]
    checkout(text)
    result = zdr("check", "providers", *NOW, "--format", form, *args)
    assert result.exit_code == code
    assert result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    "args",
    [
        ("--format", "xml"),
        ("--format", "sarif", "--json"),
        ("--ahead", "soon"),
        ("--ahead", "-1"),
        ("--against",),
        ("--against", "no-such-revision"),
        ("--against", ""),
        ("-c", "zdr.yaml", "--against", "HEAD"),
        ("--now", "tomorrow"),
        ("--fail-level", "info"),
    ],
)
def test_a_command_line_that_is_wrong_exits_with_64(zdr, checkout, args):
    checkout(BARE)
    where = () if "-c" in args else ("providers",)
    result = zdr("check", *where, *args)
    assert (result.exit_code, result.stdout) == (64, "")
    assert "  next:" in result.stderr


def test_files_are_told_from_the_folder_that_one_stands_in(zdr, checkout):
    top = checkout(WRONG)
    assert "\n  where: providers/example.yaml:18\n" in zdr("check", top / "providers", *NOW).stdout
    (annotation, _) = zdr("check", "providers", *NOW, "--format", "github").stdout.splitlines()
    assert annotation.startswith("::error file=providers/example.yaml,line=18,title=ZDR912 example/zdr::")
    run = json.loads(zdr("check", top / "providers", *NOW, "--format", "sarif").stdout)["runs"][0]
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "providers/example.yaml"
    suites = ET.fromstring(zdr("check", "providers", *NOW, "--format", "junit").stdout)  # noqa: S314 - our own output
    assert "where: providers/example.yaml:18" in suites.find(".//failure").text


def test_json_is_a_format_like_the_others(zdr, checkout):
    checkout(WRONG)
    by_format, by_option = (
        zdr("check", "providers", *NOW, *args).stdout for args in (("--format", "json"), ("--json",))
    )
    assert by_format == by_option
    assert zdr("check", "providers", *NOW, "--json", "--format", "json").stdout == by_option


def test_a_flag_that_is_loosened_since_another_folder_is_an_error(zdr, checkout):
    checkout(BARE)
    checkout(BARE.replace("logs_content: no", "logs_content: unknown"), "before")
    result = zdr("check", "providers", *NOW, "--against", "before")
    assert result.exit_code == 3
    assert "error ZDR950 example/zdr: flags.logs_content is weaker than before" in result.stdout
    assert "  where: providers/example.yaml:10" in result.stdout
    assert zdr("check", "providers", *NOW, "--against", "providers").exit_code == 0


def test_an_earlier_state_that_cannot_be_loaded_is_a_finding(zdr, checkout):
    checkout(BARE)
    checkout("schema: 1\nretention: none\n", "before")
    result = zdr("check", "providers", *NOW, "--against", "before")
    assert result.exit_code == 3
    assert "where: before/example.yaml:2" in result.stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_flag_that_is_loosened_since_a_revision_is_an_error(zdr, checkout, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    top = checkout(BARE.replace("logs_content: no", "logs_content: unknown"))
    for args in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=T", "-c", "user.email=t@e.st", "commit", "-qm", "one"),
    ):
        subprocess.run(["git", "-C", top, *args], check=True, timeout=30)  # noqa: S607 - whichever git there is
    checkout(BARE)
    result = zdr("check", "providers", *NOW, "--against", "HEAD")
    assert (result.exit_code, "error ZDR950 example/zdr" in result.stdout) == (3, True)


@pytest.mark.parametrize("id_", ["ZDR301", "ZDR900", "ZDR905", "ZDR950"])
def test_every_id_can_be_explained(zdr, id_):
    result = zdr("explain", id_)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{id_}: ")
    assert json.loads(zdr("explain", id_, "--json").stdout)["id"] == id_


def test_the_option_is_named_where_its_revision_is_none(zdr, checkout):
    checkout(BARE)
    assert "error: --against: no-such-revision" in zdr("check", "providers", "--against", "no-such-revision").stderr
