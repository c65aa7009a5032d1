"""Which conditions can be declared."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zdr_router.registry.conditions import Conditions, Forbid, Force, Proof


@pytest.mark.parametrize("path", ["store", "tools[].type", "messages[].content[].type", "a-b._c", "a[]"])
def test_a_path_names_members_and_every_element_of_lists(path):
    assert Forbid(path=path).path == path
    assert Conditions(allow={path: ["x"]}).allow == {path: ["x"]}


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", "a[0]", "[]", "a[].", "a b", "store\n", "$.a", "a[]b", "ä"]
)
def test_nothing_else_is_a_path(path):
    for model, value in (
        (Forbid, {"path": path}),
        (Force, {"set": path, "to": 1}),
        (Conditions, {"allow": {path: [1]}}),
        (Proof, {"body": path, "one_of": ["x"]}),
    ):
        with pytest.raises(ValidationError, match="a path is written like"):
            model.model_validate(value)


def test_a_forced_parameter_is_one_place():
    with pytest.raises(ValidationError, match="is one place"):
        Force(set="tools[].type", to="x")


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "x", [], ["a", 1, None]])
def test_a_parameter_is_forced_to_a_scalar_or_a_list_of_them_unchanged(value):
    forced = Force.model_validate({"set": "store", "to": value}).to
    assert forced == value
    assert type(forced) is type(value)


@pytest.mark.parametrize("value", [{}, [[]], [{}], float("inf"), float("nan"), [float("nan")]])
def test_a_parameter_is_forced_to_nothing_else(value):
    with pytest.raises(ValidationError):
        Force.model_validate({"set": "store", "to": value})


def test_what_is_forbidden_is_tested_in_one_way():
    assert Forbid(path="a").matches is None
    assert Forbid(path="a", equals=False).equals is False
    with pytest.raises(ValidationError, match="not both"):
        Forbid(path="a", equals="x", matches="x")


def test_to_forbid_null_would_forbid_nothing_and_is_refused():
    with pytest.raises(ValidationError, match="forbids nothing"):
        Forbid.model_validate({"path": "a", "equals": None})


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("CANARY(", "from character 6"),
        ("(?P=CANARY)", "from character 4"),
        ("(?P<CANARY>a)(?P<CANARY>b)", "no regular expression"),
        ("[z-a]CANARY", "from character 1"),
        ("(?CANARY)", "no regular expression"),
        ("CANARY{99999999999999}", "too large"),
        ("(" * 5000 + "CANARY" + ")" * 5000, "too large"),
    ],
)
def test_a_pattern_that_is_none_is_refused_without_being_quoted(pattern, says):
    with pytest.raises(ValidationError, match=says) as caught:
        Forbid(path="a", matches=pattern)
    assert "CANARY" not in str(caught.value)


def test_a_proof_is_a_header_or_a_member_of_the_body():
    assert Proof(header="x-zdr", equals="on").body is None
    assert Proof(body="provider", one_of=["x"]).header is None


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"header": "x"},
        {"equals": "x"},
        {"body": "x"},
        {"one_of": ["x"]},
        {"body": "x", "one_of": []},
        {"header": "x", "one_of": ["x"]},
        {"body": "x", "equals": "x"},
        {"header": "x", "equals": "x", "body": "x", "one_of": ["x"]},
        {"header": "", "equals": "x"},
        {"preflight": {"get": "/models"}},
        {"header": "x", "equals": "x", "preflight": {}},
        {"header": "x", "equals": "x", "preflight": {"post": "/models"}},
        {"header": "x", "equals": "x", "preflight": "/models"},
    ],
)
def test_half_a_proof_is_none(value):
    with pytest.raises(ValidationError):
        Proof.model_validate(value)


@pytest.mark.parametrize("path", ["/models", "/v1/me", "/a-b_C/0"])
def test_a_header_may_be_shown_beforehand_at_a_plain_path_below_the_base_url(path):
    proof = Proof.model_validate({"header": "x", "equals": "x", "preflight": {"get": path}})
    assert proof.preflight is not None
    assert proof.preflight.get == path


@pytest.mark.parametrize(
    "path", ["", "/", "models", "/models/", "//models", "/a//b", "/../x", "/a.b", "/a?b", "/a#b", "/a%2f", "/a b", "/ä",
             "/models\n", "https://x.example/models", "/{model}"],
)  # fmt: skip
def test_nothing_else_is_a_path_below_the_base_url(path):
    with pytest.raises(ValidationError, match="is written /models"):
        Proof.model_validate({"header": "x", "equals": "x", "preflight": {"get": path}})


def test_a_member_of_the_body_is_not_shown_beforehand():
    with pytest.raises(ValidationError, match="a preflight shows headers only"):
        Proof.model_validate({"body": "provider", "one_of": ["x"], "preflight": {"get": "/models"}})
