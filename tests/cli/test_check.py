from __future__ import annotations

import json

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry, shipped_directory

# The shipped registry as of the days on which it was read, so that no test lapses with it.
NOW = ("--now", "2026-12-01")


def test_the_shipped_registry_has_no_errors_from_any_folder(process):
    result = process("check", *NOW)
    assert result.returncode == Code.DONE
    assert result.stderr == ""
    summary = result.stdout.splitlines()[-1]
    assert summary.startswith(f"{len(Registry.shipped().providers)} providers, ")
    assert ": no errors, " in summary


def test_warnings_alone_fail_only_when_they_are_to(zdr):
    assert "warning ZDR" in zdr("check", *NOW).stdout
    assert zdr("check", *NOW, "--fail-level", "warning").exit_code == Code.WARNINGS


def test_without_findings_even_warnings_may_fail(zdr):
    result = zdr("check", shipped_directory() / "llama-cpp.yaml", "--fail-level", "warning")
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
