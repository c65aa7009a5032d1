from __future__ import annotations

import datetime as dt

import pytest


@pytest.mark.parametrize(("now", "found"), [("2027-06-01", 0), ("2027-06-02", 1)])
def test_a_grant_counts_to_the_end_of_its_last_day(find_in_file, now, found):
    findings = find_in_file("ZDR921", dt.date.fromisoformat(now))
    assert [finding.level for finding in findings] == ["error"] * found


def test_a_grant_that_nothing_asks_for_may_lapse(find_in_file, configuration):
    configuration["mechanism"]["kind"] = "default"
    assert find_in_file("ZDR921", dt.date(2028, 1, 1)) == []
