from __future__ import annotations


def test_a_permit_that_is_none_is_an_error(find, configuration, line_of):
    configuration["conditions"] = {"permit": ["memory_cache", "memory_cash"]}
    (finding,) = find("ZDR904")
    assert finding.level == "error"
    assert " memory_cash " in finding.sentence
    assert finding.where == line_of('"memory_cash"')


def test_an_endpoint_that_is_none_is_an_error(find, configuration, line_of):
    configuration["endpoints"] = ["chat.completions", "chat"]
    (finding,) = find("ZDR904")
    assert "no endpoint chat" in finding.sentence
    assert finding.where == line_of('"chat"')


def test_words_of_the_vocabulary_are_right(find, configuration):
    configuration["conditions"] = {"permit": ["memory_cache"]}
    assert find("ZDR904") == []
