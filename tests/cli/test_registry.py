from __future__ import annotations

import json

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry, shipped_directory

SHIPPED = Registry.shipped()


def test_the_list_has_a_line_for_every_configuration(zdr):
    lines = zdr("registry", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(SHIPPED.configurations)
    line = next(line for line in lines if line.startswith("llama-cpp/slot-save"))
    assert line.split()[1:5] == ["self_operated", "yy----", "disk", "documented"]


def test_the_legs_of_a_gateway_are_listed_with_their_flags(zdr):
    line = next(each for each in zdr("registry", "list").stdout.splitlines() if each.startswith("openrouter/byok"))
    assert "------ upstream:??????" in line


@pytest.mark.parametrize("word", ["no", "yes", "unknown"])
def test_the_list_can_be_narrowed_by_flags(zdr, word):
    shown = json.loads(zdr("registry", "list", "--flag", f"logs_content={word}", "--json").stdout)
    expected = [name for name, each in SHIPPED.configurations.items() if each.flags.logs_content == word]
    assert [each["configuration"] for each in shown] == expected
    assert shown


@pytest.mark.parametrize("flag", ["logs", "logs_content=maybe"])
def test_a_flag_that_is_none_is_bad_usage(zdr, flag):
    assert zdr("registry", "list", "--flag", flag).exit_code == Code.USAGE


def test_a_configuration_is_shown_with_everything_that_is_declared_of_it(zdr):
    result = zdr("registry", "show", "groq/zdr")
    configuration = SHIPPED.configurations["groq/zdr"]
    for evidence in configuration.attestation.evidence:
        assert (evidence.url or evidence.kind) in result.stdout
        assert evidence.locator in result.stdout
    for model in configuration.models:
        assert model.id in result.stdout
    assert configuration.mechanism.how in result.stdout
    assert SHIPPED.digests["groq/zdr"] in result.stdout
    assert SHIPPED.sources["groq/zdr"].at("id") in result.stdout
    assert "tools[].type" in result.stdout


def test_json_shows_the_declared_facts(zdr):
    document = json.loads(zdr("registry", "show", "groq/zdr", "--json").stdout)
    assert document["digest"] == SHIPPED.digests["groq/zdr"]
    assert document["declared"]["flags"]["logs_content"] == "no"
    assert len(document["declared"]["attestation"]["evidence"]) == 4


def test_other_provider_files_and_the_operators_registry_can_be_asked_about(zdr, operator):
    only = zdr("registry", "list", "--providers", shipped_directory() / "groq.yaml", "--json")
    assert {each["configuration"] for each in json.loads(only.stdout)} == {"groq/zdr", "groq/default"}
    config = operator()
    (config.parent / "overlay.yaml").write_text(
        "schema: 1\noverlay: {reviewed_by: me}\nconfigurations:\n  - {id: groq/zdr, flags: {logs_content: unknown}}\n",
        encoding="utf-8",
    )
    with config.open("a", encoding="utf-8") as file:
        file.write("registry: {overlays: [overlay.yaml]}\n")
    shown = json.loads(zdr("registry", "show", "groq/zdr", "-c", config, "--json").stdout)
    assert shown["flags"]["logs_content"] == "unknown"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("show", "groq/zero"), Code.USAGE),
        (("show", "groq/zdr", "--providers", "absent.yaml"), Code.CONFIGURATION),
        (("list", "-c", "absent.yaml"), Code.CONFIGURATION),
        (("list", "-c", "a.yaml", "--providers", "b.yaml"), Code.USAGE),
    ],
)
def test_what_is_not_there_is_said_so(process, args, code):
    result = process("registry", *args)
    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
