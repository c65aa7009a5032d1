from __future__ import annotations

import re

import pytest

from zdr_router.conformance.contract.placing import PRESENT, example_of, known, placed
from zdr_router.policy.conditions import values_at


@pytest.mark.parametrize(
    ("path", "value", "body"),
    [
        ("store", True, {"store": True}),
        ("tools[].type", "mcp", {"tools": [{"type": "mcp"}]}),
        ("tools[].type", "function", {"tools": [{"type": "function", "function": {"name": "zdr"}}]}),
        (
            "tools[].function.strict",
            True,
            {"tools": [{"type": "function", "function": {"name": "zdr", "strict": True}}]},
        ),
        ("tools[].googleSearch", PRESENT, None),
        ("response_format.type", "json_schema", {"response_format": {"type": "json_schema", "json_schema": {}}}),
        ("messages[].content[].type", "container_upload", None),
        ("messages[].content[].source.type", "file", None),
        ("tools[].allowed_callers[]", "code_execution", None),
        ("metadata", PRESENT, {"metadata": {"zdr": "zdr"}}),
        ("functions", PRESENT, {"functions": [{}]}),
        ("cachedContent.deep", "x", {"cachedContent": {"deep": "x"}}),
    ],
)
def test_a_value_stands_where_the_path_leads(path, value, body):
    made = placed(path, value)
    found = list(values_at(path)(made))
    assert found
    assert value is PRESENT or found == [value]
    assert body is None or made == body


def test_a_member_that_the_vocabulary_lacks_is_told_from_one_that_it_has():
    assert known("tools[].whatever")
    assert not known("cachedContent")


@pytest.mark.parametrize(
    "pattern",
    [
        "^code_execution",
        "^(code_execution|mcp_toolset|bash_code_execution)",
        "^web_(search|fetch)_(20260[2-9]|20261|202[7-9]|20[3-9])",
        r"^gpt-4\.1(-mini)?$",
        "a+b*c{2,3}",
        r"\bv\d+\s.$",
    ],
)
def test_an_example_of_a_simple_pattern_matches_it(pattern):
    assert re.search(pattern, example_of(pattern))


def test_where_no_example_can_be_made_that_is_said():
    assert example_of("(?!x)^$(?<=y)") is None
