from __future__ import annotations

import datetime as dt

import pytest


@pytest.mark.parametrize(("now", "found"), [("2026-12-19", 1), ("2026-12-20", 0)])
def test_a_reading_of_tomorrow_is_an_error(find, line_of, now, found):
    findings = find("ZDR914", dt.date.fromisoformat(now))
    assert [finding.level for finding in findings] == ["error"] * found
    for finding in findings:
        assert finding.where == line_of('"observed"', after='"attestation"')
