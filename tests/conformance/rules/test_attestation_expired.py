from __future__ import annotations

import datetime as dt

import pytest


@pytest.mark.parametrize(("now", "found"), [("2027-03-10", 0), ("2027-03-11", 1)])
def test_an_attestation_counts_to_the_end_of_its_last_day(find, now, found):
    findings = find("ZDR901", dt.date.fromisoformat(now))
    assert len(findings) == found
    for finding in findings:
        assert (finding.level, finding.subject) == ("error", "example/zdr")
        assert "2027-03-10" in finding.sentence
        assert "zdr registry renew example/zdr" in finding.fix


def test_the_place_is_the_line_of_the_date(find, registry):
    finding = find("ZDR901", dt.date(2028, 1, 1))[0]
    line = int(finding.where.rpartition(":")[2])
    assert '"expires"' in registry().read_text(encoding="utf-8").splitlines()[line - 1]
