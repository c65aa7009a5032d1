from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "weaker", [{"kind": "secondary"}, {"kind": "operator"}, {"kind": "inference"}, {"confidence": "low"}]
)
def test_documented_needs_a_source_of_the_providers_own(find, configuration, weaker):
    configuration["attestation"]["evidence"][0] |= weaker
    assert [finding.level for finding in find("ZDR908")] == ["error"]
    configuration["attestation"]["grade"] = "claimed"
    assert find("ZDR908") == []


def test_one_sound_source_is_enough(find, configuration):
    evidence = configuration["attestation"]["evidence"]
    evidence.append({**evidence[0], "kind": "secondary", "confidence": "low"})
    assert find("ZDR908") == []
