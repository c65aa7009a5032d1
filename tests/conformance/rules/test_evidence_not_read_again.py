from __future__ import annotations

import pytest


@pytest.mark.parametrize(("read", "found"), [("2026-09-20", 1), ("2026-09-21", 0), ("2026-12-20", 0)])
def test_a_reading_older_than_ninety_days_is_warned_of(find, configuration, line_of, read, found):
    configuration["attestation"]["evidence"][0]["observed"] = read
    findings = find("ZDR913")
    assert [finding.level for finding in findings] == ["warning"] * found
    for finding in findings:
        number = int(line_of('"evidence"').rpartition(":")[2])
        assert finding.where.rpartition(":")[2] == str(number + 1)


def test_an_inference_is_no_reading(find, configuration):
    configuration["attestation"]["evidence"][0] |= {"kind": "inference", "observed": "2026-01-01"}
    assert find("ZDR913") == []


def test_a_named_reviewer_has_read_it_again(find, configuration):
    configuration["attestation"]["evidence"][0]["observed"] = "2026-01-01"
    configuration["attestation"]["reviewed_by"] = "A. Reader"
    assert find("ZDR913") == []


def test_a_server_of_ones_own_is_attested_by_version(find, configuration):
    configuration["mechanism"] = {"kind": "self_operated", "fail_mode": "closed"}
    configuration["engine"] = {"name": "example", "versions": ">=1"}
    configuration["attestation"]["evidence"][0]["observed"] = "2026-01-01"
    del configuration["attestation"]["expires"]
    assert find("ZDR913") == []
