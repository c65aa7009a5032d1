from __future__ import annotations

import pytest

EXCLUDED = [{"matches": "(?i)fable|mythos", "why": "a covered model"}]


@pytest.mark.parametrize(
    "pattern",
    [".", "^claude-", "^anthropic/", "^anthropic[.]", "^us[.]anthropic", "@2026", "^claude-(haiku|opus)-[0-9]"],
)
def test_claude_by_a_pattern_without_the_exclusion_is_an_error(find, configuration, line_of, pattern):
    configuration["models"] = [{"id": "m"}, {"pattern": pattern}]
    (finding,) = find("ZDR916")
    assert finding.level == "error"
    number = int(line_of('"pattern"').rpartition(":")[2])
    assert finding.where.rpartition(":")[2] == str(number - 1)
    configuration["excluded_models"] = EXCLUDED
    assert find("ZDR916") == []


@pytest.mark.parametrize("matches", ["fable|mythos", "(?i)fable", "^claude-(fable|mythos)"])
def test_an_exclusion_that_misses_a_name_does_not_do(find, configuration, matches):
    configuration["models"] = [{"pattern": "(?i)claude"}]
    configuration["excluded_models"] = [{"matches": matches, "why": "a covered model"}]
    assert len(find("ZDR916")) == 1


def test_a_covered_model_by_its_id_is_an_error(find, configuration):
    configuration["models"] = [{"id": "claude-opus-4-8"}, {"id": "claude-mythos-5"}]
    assert len(find("ZDR916")) == 1
    configuration["models"].pop()
    assert find("ZDR916") == []


def test_other_models_need_no_exclusion(find, configuration):
    configuration["models"] = [{"pattern": "^llama-"}, {"pattern": "^gpt-"}]
    assert find("ZDR916") == []


def test_what_is_refused_anyway_and_a_server_of_ones_own_need_no_exclusion(find, configuration):
    configuration["models"] = [{"pattern": "."}]
    configuration["flags"]["logs_content"] = "yes"
    assert find("ZDR916") == []
    configuration["flags"]["logs_content"] = "no"
    configuration["mechanism"] = {"kind": "self_operated", "fail_mode": "closed"}
    configuration["engine"] = {"name": "example", "versions": ">=1"}
    assert find("ZDR916") == []
