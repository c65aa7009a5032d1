from __future__ import annotations

import pytest


def test_an_account_without_its_grant_is_an_error(find_in_file, operator):
    del operator["accounts"]["main"]["grant"]
    (finding,) = find_in_file("ZDR920")
    assert (finding.level, finding.subject) == ("error", "account main")
    assert "project_setting" in finding.sentence
    assert finding.fix.startswith("switch it on, then zdr grant main -c ")
    assert "zdr.yaml:" in finding.where


@pytest.mark.parametrize("kind", ["default", "request_parameter"])
def test_what_holds_by_itself_needs_none(find_in_file, operator, configuration, kind):
    configuration["mechanism"]["kind"] = kind
    del operator["accounts"]["main"]["grant"]
    assert find_in_file("ZDR920") == []
