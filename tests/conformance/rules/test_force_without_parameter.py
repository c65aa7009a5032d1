from __future__ import annotations

import pytest

from zdr_router.registry.vocabulary import REQUESTS

RESPONSES = REQUESTS["responses"].keys


@pytest.mark.parametrize(
    ("endpoints", "path"),
    [
        (["chat.completions"], "stor"),
        (["embeddings"], "store"),
        (["embeddings", "chat.completions"], "truncation"),
        (["chat.completions"], "stream_options.include_usages"),
    ],
)
def test_an_endpoint_that_lacks_a_forced_parameter_is_an_error(find, configuration, line_of, endpoints, path):
    configuration["endpoints"] = [*endpoints, "responses"] if path in RESPONSES else endpoints
    configuration["conditions"] = {"force": [{"set": path, "to": False}]}
    (finding,) = find("ZDR942")
    assert finding.level == "error"
    assert finding.sentence == f"{path} is forced, and {', '.join(endpoints)} has no such parameter"
    number = int(line_of(f'"{path}"').rpartition(":")[2])
    assert finding.where.rpartition(":")[2] == str(number - 1)


def test_parameters_that_every_endpoint_has_are_right(find, configuration):
    configuration["endpoints"] = ["chat.completions", "responses", "audio.speech"]
    configuration["conditions"] = {"force": [{"set": "store", "to": False}, {"set": "provider.zdr", "to": True}]}
    assert find("ZDR942") == []


def test_parameters_of_another_dialect_are_not_looked_up(find, configuration):
    configuration["dialect"] = "litellm:anthropic"
    configuration["conditions"] = {"force": [{"set": "inference_geo", "to": "us"}]}
    assert find("ZDR942") == []
