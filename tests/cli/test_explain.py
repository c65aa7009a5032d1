from __future__ import annotations

import json

import pytest

from zdr_router.cli.exits import Code
from zdr_router.conformance.book import entries
from zdr_router.policy.refusals import REFUSALS


def test_planned_targets_come_in_order_with_what_holds_of_them(zdr, operator):
    result = zdr("explain", "mixed", "-c", operator())
    assert result.exit_code == Code.DONE
    line = next(line for line in result.stdout.splitlines() if "local/any" in line)
    assert line.split()[:3] == ["1", "local/any", "llama-cpp/self-operated"]
    assert "host_memory" in line
    assert "cache_prompt" in line
    assert "refused: groq-prod/llama-3.3-70b-versatile" in result.stdout


def test_a_refused_target_has_every_reason_with_fix_and_place(zdr, operator):
    result = zdr("explain", "hosted", "-c", operator())
    assert result.exit_code == Code.REFUSED
    assert result.stderr == ""
    for id_ in ("ZDR301", "ZDR309", "ZDR401"):
        assert f"{id_} groq-prod/llama-3.3-70b-versatile" in result.stdout
    assert "next:  set the environment variable ZDR_TEST_GROQ" in result.stdout
    assert "zdr.yaml:9" in result.stdout
    assert "groq.yaml:" in result.stdout


def test_a_parameter_and_a_tenant_change_the_explanation(zdr, operator):
    config = operator()
    assert zdr("explain", "assistant", "-c", config).exit_code == Code.DONE
    stored = zdr("explain", "assistant", "-c", config, "--param", "store=true")
    assert stored.exit_code == Code.REFUSED
    assert "ZDR603" in stored.stdout
    acme = zdr("explain", "hosted", "-c", config, "--tenant", "acme")
    assert "ZDR702" in acme.stdout


def test_embeddings_are_explained_without_an_input(zdr, operator):
    config = operator()
    assert zdr("explain", "assistant", "-c", config, "--endpoint", "embeddings").exit_code == Code.DONE
    assert "ZDR601" in zdr("explain", "hosted", "-c", config, "--endpoint", "embeddings").stdout


def test_json_is_the_explanation(zdr, operator):
    result = zdr("explain", "mixed", "-c", operator(), "--json")
    document = json.loads(result.stdout)
    assert [each["target"] for each in document["planned"]] == ["local/any"]
    assert {each["id"] for each in document["refusals"]} >= {"ZDR301", "ZDR309"}


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("nowhere",), "name one of: assistant, hosted, mixed"),
        (("assistant", "--tenant", "nobody"), "tenants"),
        (("assistant", "--endpoint", "files"), "files"),
    ],
)
def test_what_the_file_does_not_know_is_bad_usage(zdr, operator, args, sentence):
    result = zdr("explain", *args, "-c", operator())
    assert result.exit_code == Code.USAGE
    assert sentence in result.stderr


@pytest.mark.parametrize("id_", [*REFUSALS, *(entry.id for entry in entries())])
def test_every_id_has_a_page(zdr, id_):
    result = zdr("explain", id_)
    assert result.exit_code == Code.DONE
    assert result.stdout.startswith(f"{id_}: ")
    assert len(result.stdout.splitlines()) >= 3
    assert json.loads(zdr("explain", id_, "--json").stdout)["id"] == id_


def test_an_id_that_nobody_gave_is_bad_usage(zdr):
    assert zdr("explain", "ZDR999").exit_code == Code.USAGE
