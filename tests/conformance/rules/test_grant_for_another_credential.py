from __future__ import annotations


def test_another_key_than_the_grants_is_an_error(find_in_file):
    (finding,) = find_in_file("ZDR924", key="another")
    assert finding.level == "error"
    assert "another credential" in finding.sentence


def test_a_grant_that_is_bound_to_no_key_is_an_error(find_in_file, operator):
    del operator["accounts"]["main"]["grant"]["credential"]
    (finding,) = find_in_file("ZDR924")
    assert "not bound" in finding.sentence


def test_without_the_key_nothing_is_compared(find_in_file):
    assert find_in_file("ZDR924", key=None) == []


def test_a_policy_that_binds_no_grants_compares_none(find_in_file, operator):
    operator["policy"]["bind_credentials"] = False
    assert find_in_file("ZDR924", key="another") == []
