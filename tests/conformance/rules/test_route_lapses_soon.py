from __future__ import annotations

import datetime as dt

import pytest


@pytest.mark.parametrize(("now", "found"), [("2027-02-09", 0), ("2027-02-10", 1), ("2027-03-10", 1), ("2027-03-11", 0)])
def test_the_end_of_the_last_clearance_is_warned_of_thirty_days_ahead(find_in_file, now, found):
    findings = find_in_file("ZDR926", dt.date.fromisoformat(now))
    assert [finding.level for finding in findings] == ["warning"] * found
    for finding in findings:
        assert finding.sentence == "from 2027-03-11 00:00 UTC on, no target of it may serve"


def test_the_policy_may_end_it_earlier(find_in_file, operator):
    operator["policy"]["max_attestation_age"] = "30d"
    (finding,) = find_in_file("ZDR926")
    assert "2027-01-20" in finding.sentence


def test_a_target_that_holds_longer_is_enough(find_in_file, operator):
    short = {**operator["accounts"]["main"]}
    short["grant"] = {**short["grant"], "until": "2027-01-10", "credential": None}
    operator["policy"]["bind_credentials"] = False
    operator["accounts"]["short"] = short
    operator["routes"]["assistant"]["targets"] = ["short/m"]
    assert len(find_in_file("ZDR926")) == 1
    operator["routes"]["assistant"]["targets"] = ["short/m", "main/m"]
    assert find_in_file("ZDR926") == []
