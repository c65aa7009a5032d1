from __future__ import annotations

import pytest


@pytest.mark.parametrize("url", [None, "http://example.com/terms"])
def test_a_source_that_cannot_be_opened_over_https_is_warned_of(find, configuration, url):
    evidence = configuration["attestation"]["evidence"]
    evidence.append({**evidence[0], "url": url})
    (finding,) = find("ZDR907")
    assert finding.level == "warning"
    assert ("no address" in finding.sentence) is (url is None)


@pytest.mark.parametrize("kind", ["contract", "operator", "inference"])
def test_what_lies_in_a_drawer_needs_no_address(find, configuration, kind):
    evidence = configuration["attestation"]["evidence"]
    evidence.append({**evidence[0], "url": None, "kind": kind})
    assert find("ZDR907") == []
