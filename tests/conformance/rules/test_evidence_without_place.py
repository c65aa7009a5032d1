from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "locator",
    ["-", "…", "n/a", "TBD", "see page", "the whole page", "https://example.com/terms", "(see above)", "Unknown"],
)
def test_a_locator_that_leads_nowhere_is_an_error(find, configuration, line_of, locator):
    configuration["attestation"]["evidence"][0]["locator"] = locator
    (finding,) = find("ZDR912")
    assert finding.level == "error"
    number = int(line_of('"evidence"').rpartition(":")[2])
    assert finding.where.rpartition(":")[2] == str(number + 1)


@pytest.mark.parametrize("locator", ["section 4", "§4", "annex 2", "page 3, note", "'None of your data is stored'"])
def test_a_place_is_right(find, configuration, locator):
    configuration["attestation"]["evidence"][0]["locator"] = locator
    assert find("ZDR912") == []
