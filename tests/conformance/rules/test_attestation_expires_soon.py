from __future__ import annotations

import datetime as dt

import pytest


@pytest.mark.parametrize(("now", "found"), [("2027-02-09", 0), ("2027-02-10", 1), ("2027-03-10", 1), ("2027-03-11", 0)])
def test_the_last_thirty_days_are_warned_of(find, now, found):
    findings = find("ZDR902", dt.date.fromisoformat(now))
    assert [finding.level for finding in findings] == ["warning"] * found
