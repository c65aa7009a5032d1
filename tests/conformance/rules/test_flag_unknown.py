from __future__ import annotations


def test_a_flag_that_is_left_out_is_warned_of(find, configuration):
    del configuration["flags"]["logs_content"], configuration["flags"]["human_review"]
    (finding,) = find("ZDR903")
    assert finding.level == "warning"
    assert finding.sentence == "left out, and so unknown and refused: flags.logs_content, flags.human_review"


def test_a_leg_counts(find, configuration):
    flags = {name: word for name, word in configuration["flags"].items() if name != "logs_content"}
    configuration["legs"] = [{"leg": "upstream", "flags": flags}]
    (finding,) = find("ZDR903")
    assert finding.sentence.endswith(": upstream leg.logs_content")


def test_unknown_is_an_answer(find, configuration):
    configuration["flags"] = dict.fromkeys(configuration["flags"], "unknown")
    assert find("ZDR903") == []
