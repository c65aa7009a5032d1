from __future__ import annotations

import pytest


def test_a_request_parameter_that_nobody_forces_is_an_error(find, configuration):
    configuration["mechanism"] = {"kind": "request_parameter", "fail_mode": "closed"}
    (finding,) = find("ZDR909")
    assert (finding.level, finding.sentence) == ("error", "its mechanism is a request parameter, and none is forced")
    configuration["conditions"] = {"force": [{"set": "store", "to": False}]}
    assert find("ZDR909") == []


@pytest.mark.parametrize(
    ("kind", "fail_mode", "found"),
    [
        ("project_setting", "open", 1),
        ("project_setting", "unknown", 1),
        ("project_setting", "closed", 0),
        ("default", "unknown", 0),
        ("default", "open", 1),
    ],
)
def test_a_fail_mode_that_clears_nobody_is_warned_of(find, configuration, kind, fail_mode, found):
    configuration["mechanism"] = {"kind": kind, "fail_mode": fail_mode}
    assert [finding.level for finding in find("ZDR909")] == ["warning"] * found


def test_what_is_declared_to_be_refused_needs_no_mechanism(find, configuration):
    configuration["mechanism"] = {"kind": "request_parameter", "fail_mode": "open"}
    configuration["flags"]["logs_content"] = "yes"
    assert find("ZDR909") == []
