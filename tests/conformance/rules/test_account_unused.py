from __future__ import annotations


def test_an_account_in_no_route_is_warned_of(find_in_file, operator):
    operator["accounts"]["spare"] = operator["accounts"]["main"]
    (finding,) = find_in_file("ZDR925")
    assert (finding.level, finding.subject) == ("warning", "account spare")
