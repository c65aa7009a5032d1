from __future__ import annotations

import pytest


def test_an_unknown_flag_among_noes_is_warned_of(find, configuration):
    configuration["flags"] |= {"logs_content": "unknown", "human_review": "unknown"}
    (finding,) = find("ZDR903")
    assert finding.level == "warning"
    assert finding.sentence == "unknown, and so refused: flags.logs_content, flags.human_review"


def test_a_leg_counts(find, configuration):
    configuration["legs"] = [{"leg": "upstream", "flags": {**configuration["flags"], "logs_content": "unknown"}}]
    (finding,) = find("ZDR903")
    assert finding.sentence.endswith(": upstream leg.logs_content")


@pytest.mark.parametrize("words", [{}, {"logs_content": "yes"}, {"logs_content": "yes", "human_review": "unknown"}])
def test_where_an_answer_changes_nothing_none_is_asked_for(find, configuration, words):
    configuration["flags"] |= words
    assert find("ZDR903") == []
