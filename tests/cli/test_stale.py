from __future__ import annotations

import json

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry

# Of the shipped registry as of the days on which it was read, so that no test lapses with it.
EARLY, LATE = ("--now", "2026-11-22"), ("--now", "2027-02-01")


def test_nothing_lapses_for_a_day(zdr):
    result = zdr("registry", "stale", *EARLY, "--within", "1d")
    assert (result.exit_code, result.stdout) == (Code.DONE, "nothing lapses within 1d\n")


def test_what_lapses_is_listed_soonest_first_with_what_to_read(zdr):
    result = zdr("registry", "stale", *LATE, "--json")
    found = json.loads(result.stdout)
    registry = Registry.shipped()
    hosted = {name for name, each in registry.configurations.items() if each.attestation.expires}
    assert result.exit_code == 2
    assert {each["subject"] for each in found} == hosted
    assert [each["until"] for each in found] == sorted(each["until"] for each in found)
    for each in found:
        configuration = registry.configurations[each["subject"]]
        assert len(each["evidence"]) == len(configuration.attestation.evidence)
        assert each["where"] == registry.sources[each["subject"]].at("attestation.expires")
        assert each["fix"].endswith(f"zdr registry renew {each['subject']} --reviewed-by …")


def test_people_see_the_place_the_sources_and_the_days_left(zdr):
    lines = zdr("registry", "stale", *LATE).stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("groq/zdr"))
    assert lines[start] == "groq/zdr: expires after 2027-02-20 (19 more days)"
    assert lines[start + 1].endswith(Registry.shipped().sources["groq/zdr"].at("attestation.expires"))
    assert lines[start + 2].startswith("  read:  https://")


def test_what_has_lapsed_is_listed_too(zdr):
    assert "groq/zdr: expires after 2027-02-20 (lapsed)" in zdr("registry", "stale", "--now", "2027-02-21").stdout
    assert "groq/zdr: expires after 2027-02-20 (its last day)" in zdr("registry", "stale", "--now", "2027-02-20").stdout


def test_an_operators_grants_and_routes_lapse_too(zdr, operator):
    path = operator(until=10)
    result = zdr("registry", "stale", "-c", path, "--json")
    found = {each["subject"]: each for each in json.loads(result.stdout)}
    assert result.exit_code == 2
    assert found["account local"]["days"] == 10
    assert found["account local"]["where"].startswith(f"{path}:")
    assert found["route assistant"]["until"] == found["account local"]["until"]
    assert found["route hosted"]["sentence"] == "no target of it may serve"
    assert "openai/zdr" not in found


def test_the_policys_age_counts_when_it_comes_first(zdr, operator):
    path = operator()
    text = path.read_text(encoding="utf-8").replace(
        "cache: host_memory}", "cache: host_memory, max_attestation_age: 5d}"
    )
    path.write_text(text, encoding="utf-8")
    found = json.loads(zdr("registry", "stale", "-c", path, "--now", "2026-11-25", "--json").stdout)
    groq = next(each for each in found if each["subject"] == "groq/zdr")
    assert groq["until"].startswith("2026-11-28")
    assert groq["where"] == Registry.shipped().sources["groq/zdr"].at("attestation.observed")


@pytest.mark.parametrize("args", [("--within", "30"), ("-c", "a", "--providers", "b")])
def test_bad_usage_is_said_so(process, args):
    result = process("registry", "stale", *args)
    assert result.returncode == Code.USAGE
    assert result.stdout == ""
