from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "lost"),
    [
        ("tool[].type", "tool[]"),
        ("tool_choices", "tool_choices"),
        ("tools[].functions.name", "tools[].functions"),
        ("messages[].content[].image_url.uri", "messages[].content[].image_url.uri"),
        ("previous_response_id", "previous_response_id"),
        ("temperature.value", "temperature.value"),
    ],
)
def test_a_path_that_no_request_has_is_an_error(find, configuration, line_of, path, lost):
    configuration["conditions"] = {"forbid": [{"path": "store"}, {"path": path}], "allow": {path: ["x"]}}
    forbidden, allowed = find("ZDR940")
    for finding in (forbidden, allowed):
        assert finding.level == "error"
        assert finding.sentence == f"no request that is covered has {lost}, so {path} matches nothing"
    # An entry of `forbid` begins on the line before its path.
    assert int(forbidden.where.rpartition(":")[2]) == int(line_of(f'"{path}"').rpartition(":")[2]) - 1
    assert allowed.where == line_of(f'"{path}"', after='"allow"')


@pytest.mark.parametrize(
    ("path", "closed", "opened"),
    [
        ("tools.type", "tools", "tools[].type"),
        ("tools.function.strict", "tools", "tools[].function.strict"),
        ("messages[].content.image_url.url", "messages[].content", "messages[].content[].image_url.url"),
        ("messages.content[].type", "messages", "messages[].content[].type"),
    ],
)
def test_a_list_that_is_not_opened_is_an_error_with_the_right_path(find, configuration, path, closed, opened):
    configuration["conditions"] = {"forbid": [{"path": path, "equals": "x"}]}
    (finding,) = find("ZDR940")
    assert finding.sentence == f"{closed} is a list, so {path} matches nothing"
    assert finding.fix == f"write {opened}"


def test_places_in_a_request_are_right(find, configuration):
    configuration["endpoints"] = ["chat.completions", "responses"]
    configuration["conditions"] = {
        "forbid": [
            {"path": "messages[].content[].type", "equals": "video_url"},
            {"path": "previous_response_id"},
            {"path": "tools"},
            {"path": "metadata.team"},
            {"path": "tools[].function.parameters.anything.below"},
            {"path": "provider.order[]", "equals": "x"},
            {"path": "stop[]", "equals": "x"},
        ],
        "allow": {"tools[].type": ["function"]},
    }
    assert find("ZDR940") == []


def test_paths_of_another_dialect_or_of_bodies_that_nobody_reads_are_not_looked_up(find, configuration):
    configuration["conditions"] = {"forbid": [{"path": "mcp_servers"}]}
    configuration["dialect"] = "litellm:anthropic"
    assert find("ZDR940") == []
    configuration |= {"dialect": "openai", "endpoints": ["audio.speech"]}
    assert find("ZDR940") == []
