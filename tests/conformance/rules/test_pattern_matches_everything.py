from __future__ import annotations

import pytest


@pytest.mark.parametrize("pattern", [".", "", ".*", "^", "(?i)[a-z0-9]"])
def test_a_pattern_that_lets_everything_through_is_warned_of(find, configuration, pattern):
    configuration["models"] = [{"id": "m"}, {"pattern": pattern}]
    (finding,) = find("ZDR906")
    assert finding.level == "warning"


@pytest.mark.parametrize("pattern", ["^gpt-5", "^[a-z]", "/"])
def test_a_pattern_that_names_a_family_is_right(find, configuration, pattern):
    configuration["models"] = [{"pattern": pattern}]
    assert find("ZDR906") == []


def test_a_server_of_ones_own_may_serve_any_model(find, configuration):
    configuration["models"] = [{"pattern": "."}]
    configuration["mechanism"] = {"kind": "self_operated", "fail_mode": "closed"}
    configuration["engine"] = {"name": "example", "versions": ">=1"}
    assert find("ZDR906") == []


def test_what_is_declared_to_be_refused_may_match_everything(find, configuration):
    configuration["models"] = [{"pattern": "."}]
    configuration["flags"]["logs_content"] = "unknown"
    assert find("ZDR906") == []
