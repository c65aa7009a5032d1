from __future__ import annotations

import datetime as dt

import pytest


@pytest.mark.parametrize(("now", "found"), [("2027-05-03", 0), ("2027-05-04", 1), ("2027-06-01", 1), ("2027-06-02", 0)])
def test_the_last_thirty_days_are_warned_of(find_in_file, now, found):
    findings = find_in_file("ZDR922", dt.date.fromisoformat(now))
    assert [finding.level for finding in findings] == ["warning"] * found
