from __future__ import annotations


def test_keeping_nothing_and_serving_nothing_is_warned_of(find, configuration):
    configuration["models"] = []
    assert [finding.level for finding in find("ZDR905")] == ["warning"]


def test_what_is_declared_to_be_refused_needs_no_models(find, configuration):
    configuration["models"] = []
    configuration["flags"]["logs_content"] = "yes"
    assert find("ZDR905") == []
