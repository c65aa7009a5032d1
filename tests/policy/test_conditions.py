"""Paths, equality, and what is forced, forbidden, allowed and expected."""

from __future__ import annotations

import pytest

from zdr_router.policy.conditions import ABSENT, Forced, compile_conditions, same, values_at
from zdr_router.registry.conditions import Conditions


def rules(**conditions):
    return compile_conditions(Conditions.model_validate(conditions))


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (True, True, True),
        (True, 1, False),
        (0, False, False),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        ([1, "a"], [1, "a"], True),
        ([True], [1], False),
        ([1], [1, 1], False),
        ([], [], True),
        (ABSENT, None, False),
    ],
)
def test_true_is_not_one(left, right, equal):
    assert same(left, right) == equal
    assert same(right, left) == equal


BODY = {
    "model": "m",
    "store": False,
    "nothing": None,
    "tools": [{"type": "function"}, {"type": "web"}, {}, "odd"],
    "messages": [{"content": "text"}, {"content": [{"type": "a"}, {"type": "b"}]}],
    "one": {"two": {"three": 3}},
    "single": {"type": "x"},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("model", ["m"]),
        ("store", [False]),
        ("nothing", []),
        ("missing", []),
        ("tools[].type", ["function", "web"]),
        ("messages[].content[].type", ["a", "b"]),
        ("one.two.three", [3]),
        ("one.missing.three", []),
        ("model.type", []),
        ("single[].type", ["x"]),
        ("tools[]", BODY["tools"]),
        ("tools", [BODY["tools"]]),
    ],
)
def test_a_path_leads_to_every_value_that_is_there(path, values):
    assert list(values_at(path)(BODY)) == values


@pytest.mark.parametrize(
    ("forbid", "body", "fails"),
    [
        ({"path": "store"}, {"store": False}, True),
        ({"path": "store"}, {"store": None}, False),
        ({"path": "store"}, {}, False),
        ({"path": "n", "equals": 1}, {"n": 1}, True),
        ({"path": "n", "equals": 1}, {"n": True}, False),
        ({"path": "n", "equals": 1}, {"n": 2}, False),
        ({"path": "model", "matches": "^a"}, {"model": "ab"}, True),
        ({"path": "model", "matches": "^a"}, {"model": "ba"}, False),
        ({"path": "model", "matches": "b"}, {"model": "aba"}, True),
        ({"path": "model", "matches": "^a"}, {"model": 7}, True),
        ({"path": "tools[].type", "matches": "web"}, {"tools": [{"type": "f"}, {"type": "web"}]}, True),
    ],
)
def test_what_is_forbidden_is_found(forbid, body, fails):
    (check,) = rules(forbid=[forbid]).checks
    assert check.fails(body) == fails
    assert check.declared == "conditions.forbid.0"


def test_a_forbidden_thing_says_why():
    (check,) = rules(forbid=[{"path": "store", "why": "kept for 30 days"}]).checks
    assert "kept for 30 days" in check.says


@pytest.mark.parametrize(
    ("body", "fails"),
    [
        ({}, False),
        ({"tools": []}, False),
        ({"tools": [{"type": "function"}]}, False),
        ({"tools": [{"type": "function"}, {"type": "web"}]}, True),
        ({"tools": [{"type": True}]}, True),
    ],
)
def test_only_allowed_values_pass(body, fails):
    (check,) = rules(allow={"tools[].type": ["function", 1]}).checks
    assert check.fails(body) == fails


def test_what_is_forced_is_set_without_touching_what_was_cleared():
    inner = {"keep": 1, "on": False}
    body = {"options": inner}
    forced = Forced(("options", "on"), value=True)
    assert not forced.holds(body)
    forced.apply(body)
    assert body == {"options": {"keep": 1, "on": True}}
    assert inner == {"keep": 1, "on": False}
    assert forced.holds(body)
    assert forced.name == "options.on"


@pytest.mark.parametrize("body", [{}, {"options": None}, {"options": "text"}, {"options": {}}])
def test_what_is_forced_is_made_room_for(body):
    forced = Forced(("options", "on"), value=True)
    assert not forced.holds(body)
    forced.apply(body)
    assert forced.holds(body)


def test_null_is_a_value_that_can_be_forced():
    assert not Forced(("store",), None).holds({})
    assert Forced(("store",), None).holds({"store": None})


@pytest.mark.parametrize(
    ("headers", "holds"), [({"x-zdr": "on"}, True), ({"x-zdr": "ON"}, False), ({"X-ZDR": "on"}, False), ({}, False)]
)
def test_an_answer_shows_a_header(headers, holds):
    (expectation,) = rules(response=[{"header": "X-ZDR", "equals": "on"}]).response
    assert expectation.holds(headers, {}) == holds


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ({"provider": "a"}, True),
        ({"provider": "b"}, True),
        ({"provider": "c"}, False),
        ({"provider": ["a"]}, False),
        ({"provider": None}, False),
        ({}, False),
    ],
)
def test_an_answer_shows_who_served(body, holds):
    (expectation,) = rules(response=[{"body": "provider", "one_of": ["a", "b"]}]).response
    assert expectation.holds({}, body) == holds


def test_every_server_that_an_answer_names_has_to_be_accepted():
    (expectation,) = rules(response=[{"body": "served[].by", "one_of": ["a"]}]).response
    assert expectation.holds({}, {"served": [{"by": "a"}]})
    assert not expectation.holds({}, {"served": [{"by": "a"}, {"by": "b"}]})
    assert not expectation.holds({}, {"served": []})
