"""Targets: which model entry counts, what is excluded, which engines were read."""

from __future__ import annotations

import pytest
from world import World


def target(case):
    (made,) = World(case).targets
    return made


@pytest.mark.parametrize(
    ("models", "found"),
    [
        ([{"id": "small", "context": 1}], 1),
        ([{"pattern": "^small", "context": 2}, {"id": "small", "context": 1}], 1),
        ([{"pattern": "^s", "context": 2}, {"pattern": "small", "context": 3}], 2),
        ([{"id": "smal"}, {"id": "small-2"}, {"pattern": "^large"}], None),
    ],
)
def test_an_exact_id_comes_before_the_first_pattern_that_fits(case, configuration, models, found):
    configuration["models"] = models
    declared = target(case).declared
    assert (declared.context if declared else None) == found


def test_an_exclusion_says_why(case, configuration):
    configuration["excluded_models"] = [{"matches": "^x", "why": "no"}, {"matches": "all$", "why": "a preview"}]
    assert target(case).excluded == "a preview"


@pytest.mark.parametrize(
    ("hosts", "base_url", "expected"),
    [
        (["https://a.example/v1"], None, "https://a.example/v1"),
        (["https://a.example/v1/"], None, "https://a.example/v1"),
        (["https://a.example", "https://b.example"], None, None),
        (["https://a.example", "https://b.example"], "https://b.example/", "https://b.example"),
    ],
)
def test_a_host_is_never_chosen_among_several(case, account, hosts, base_url, expected):
    case.configurations[0]["hosts"] = hosts
    if base_url:
        account["base_url"] = base_url
    assert target(case).base_url == expected


@pytest.mark.parametrize(
    ("version", "refused"), [("b4000", []), ("4000", []), ("b8999", []), ("b9000", ["ZDR106"]), ("bb4000", ["ZDR106"])]
)
def test_an_engine_is_in_the_range_that_was_read(configuration, account, refusals, version, refused):
    configuration["engine"] = {"name": "engine", "versions": ">=4000,<9000"}
    account["engine_version"] = version
    assert refusals() == refused


@pytest.mark.parametrize("version", ["0.11.0rc1", "0.11.0.dev2"])
def test_pre_releases_are_versions_too(configuration, account, refusals, version):
    configuration["engine"] = {"name": "engine", "versions": ">=0.10"}
    account["engine_version"] = version
    assert refusals() == []


def test_a_target_shows_its_name_and_nothing_else(case):
    assert repr(target(case)) == "<target main/small>"
