from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("forbid", "sentence"),
    [
        ({"path": "service_tier", "equals": "flexx"}, "service_tier is never flexx"),
        ({"path": "store", "equals": "true"}, "store is never true"),
        ({"path": "temperature", "equals": True}, "temperature is never true"),
        ({"path": "n", "equals": 1.5}, "n is never 1.5"),
        ({"path": "tools[].type", "equals": "code_interpreter"}, "tools[].type is never code_interpreter"),
        ({"path": "modalities", "equals": "audio"}, "modalities is a list, which is compared as a whole"),
        ({"path": "stop", "matches": "x"}, "stop is a list, which is compared as a whole"),
        ({"path": "store", "matches": "true"}, "store is never text, so `matches` forbids it altogether"),
        ({"path": "max_tokens", "matches": "^1"}, "max_tokens is never text, so `matches` forbids it altogether"),
        ({"path": "service_tier", "matches": "^batch"}, "no word that service_tier can be is matched"),
    ],
)
def test_a_value_that_cannot_be_forbids_nothing(find, configuration, line_of, forbid, sentence):
    configuration["conditions"] = {"forbid": [{"path": "user"}, forbid]}
    (finding,) = find("ZDR941")
    assert (finding.level, finding.sentence) == ("error", sentence)
    number = int(line_of(forbid["path"], after="forbid").rpartition(":")[2])
    assert finding.where.rpartition(":")[2] == str(number - 1)


@pytest.mark.parametrize(
    ("allow", "sentence"),
    [
        ({"tools[].type": ["function", "funktion"]}, "tools[].type is never funktion, so that is allowed in vain"),
        ({"store": [False, "no"]}, "store is never no, so that is allowed in vain"),
        ({"modalities": ["text"]}, "modalities is a list, which equals no single value"),
    ],
)
def test_what_is_allowed_must_be_possible(find, configuration, line_of, allow, sentence):
    configuration["conditions"] = {"allow": allow}
    (path,) = allow
    (finding,) = find("ZDR941")
    assert (finding.level, finding.sentence, finding.where) == ("error", sentence, line_of(f'"{path}"'))


@pytest.mark.parametrize(
    ("force", "sentence"),
    [
        ({"set": "store", "to": "false"}, "store does not take false"),
        ({"set": "n", "to": True}, "n does not take true"),
        ({"set": "stop", "to": [1]}, "stop does not take [1]"),
    ],
)
def test_what_is_forced_must_be_possible(find, configuration, line_of, force, sentence):
    configuration["conditions"] = {"force": [force]}
    (finding,) = find("ZDR941")
    assert (finding.level, finding.sentence) == ("error", sentence)
    assert int(finding.where.rpartition(":")[2]) == int(line_of('"force"').rpartition(":")[2]) + 1


def test_values_that_can_be_are_right(find, configuration):
    configuration["endpoints"] = ["chat.completions", "responses"]
    configuration["conditions"] = {
        "forbid": [
            {"path": "service_tier", "equals": "flex"},
            {"path": "service_tier", "matches": "^fl"},
            {"path": "tools[].type", "equals": "code_interpreter"},
            {"path": "modalities[]", "equals": "audio"},
            {"path": "model", "matches": "^groq/compound"},
            {"path": "messages[].content[].image_url.url", "matches": "^http"},
            {"path": "temperature", "equals": 2},
            {"path": "n", "equals": 3},
            {"path": "logprobs", "equals": True},
            {"path": "provider.sort", "equals": 7},
            {"path": "modalities"},
        ],
        "allow": {"tools[].type": ["function", None], "stop[]": ["x"]},
        "force": [{"set": "store", "to": False}, {"set": "provider.only", "to": ["a"]}],
    }
    assert find("ZDR941") == []


def test_paths_that_lead_nowhere_are_another_rules(find, configuration):
    configuration["conditions"] = {
        "forbid": [{"path": "nothing", "equals": "x"}],
        "allow": {"nothing": ["x"]},
        "force": [{"set": "nothing", "to": "x"}],
    }
    assert find("ZDR941") == []
