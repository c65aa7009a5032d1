from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ({"permit": ["memory_cache", "memory_cash"]}, "memory_cash"),
        ({"force": [{"set": "stor", "to": False}]}, "stor"),
        ({"forbid": [{"path": "tool[].type"}]}, "tool"),
        ({"allow": {"tool_choices": ["none"]}}, "tool_choices"),
    ],
)
def test_a_word_that_matches_nothing_is_an_error(find, configuration, conditions, word):
    configuration["conditions"] = conditions
    (finding,) = find("ZDR904")
    assert finding.level == "error"
    assert f" {word}" in finding.sentence


def test_an_endpoint_that_is_none_is_an_error(find, configuration):
    configuration["endpoints"] = ["chat.completions", "chat"]
    (finding,) = find("ZDR904")
    assert "no endpoint chat" in finding.sentence


def test_words_of_the_vocabulary_are_right(find, configuration):
    configuration["conditions"] = {
        "permit": ["memory_cache"],
        "force": [{"set": "store", "to": False}, {"set": "provider.zdr", "to": True}],
        "forbid": [{"path": "messages[].content[].type", "equals": "video_url"}],
        "allow": {"tools[].type": ["function"]},
    }
    assert find("ZDR904") == []


def test_paths_of_another_dialect_or_of_bodies_that_nobody_reads_are_not_looked_up(find, configuration):
    configuration["conditions"] = {"forbid": [{"path": "mcp_servers"}]}
    configuration["dialect"] = "litellm:anthropic"
    assert find("ZDR904") == []
    configuration |= {"dialect": "openai", "endpoints": ["audio.speech"]}
    assert find("ZDR904") == []
