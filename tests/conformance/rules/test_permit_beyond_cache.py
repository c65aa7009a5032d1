from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("medium", "feature"),
    [
        ("none", "memory_cache"),
        ("none", "cache_control"),
        ("none", "extended_cache"),
        ("gpu_memory", "extended_cache"),
        ("host_memory", "extended_cache"),
    ],
)
def test_a_permit_of_more_than_the_declared_cache_is_an_error(find, configuration, line_of, medium, feature):
    configuration["cache"] = {"medium": medium}
    configuration["conditions"] = {"permit": ["end_user", feature]}
    (finding,) = find("ZDR944")
    assert (finding.level, finding.where) == ("error", line_of(f'"{feature}"'))
    assert finding.sentence == f"{feature} is permitted, and the declared cache is {medium}"


@pytest.mark.parametrize(
    ("medium", "feature"),
    [("gpu_memory", "memory_cache"), ("local_encrypted", "extended_cache"), ("unknown", "extended_cache")],
)
def test_a_permit_within_the_declared_cache_is_right(find, configuration, medium, feature):
    configuration["cache"] = {"medium": medium}
    configuration["conditions"] = {"permit": [feature, "end_user"]}
    assert find("ZDR944") == []


@pytest.mark.parametrize(("value", "found"), [("24h", 1), ("in_memory", 0)])
def test_a_forced_cache_counts_like_a_permitted_one(find, configuration, value, found):
    configuration["cache"] = {"medium": "host_memory"}
    configuration["conditions"] = {"force": [{"set": "prompt_cache_retention", "to": value}]}
    findings = find("ZDR944")
    assert [finding.sentence for finding in findings] == [
        "extended_cache is forced, and the declared cache is host_memory"
    ] * found
