"""The `provider` object of a request: read strictly, quoted never."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import provider_preferences

from zdr_router.errors import InvalidRequest
from zdr_router.policy.preferences import NO_PREFERENCES, Preferences


def test_nothing_asked_is_no_preference():
    assert Preferences.read(None) is NO_PREFERENCES
    assert Preferences.read({}) == NO_PREFERENCES
    assert not NO_PREFERENCES.narrows


def test_everything_that_can_be_asked_is_read():
    read = Preferences.read(
        {
            "zdr": True,
            "only": ["p0", "p1/c0"],
            "ignore": ["p2"],
            "order": ["p1/c0", "p0"],
            "allow_fallbacks": False,
            "require_parameters": True,
            "data_collection": "deny",
            "max_price": {"prompt": 1, "completion": 2.5},
            "sort": "price",
            "regions": ["us"],
        }
    )
    assert read == Preferences(
        only=frozenset({"p0", "p1/c0"}),
        ignore=frozenset({"p2"}),
        order=("p1/c0", "p0"),
        allow_fallbacks=False,
        max_input=1.0,
        max_output=2.5,
        sort="price",
        regions=frozenset({"us"}),
    )


@pytest.mark.parametrize(
    "value",
    [
        "p0",
        ["p0"],
        True,
        {"quantizations": ["fp8"]},
        {1: 2},
        {"zdr": "yes"},
        {"zdr": 1},
        {"require_parameters": 0},
        {"allow_fallbacks": "no"},
        {"data_collection": "maybe"},
        {"data_collection": False},
        {"only": "p0"},
        {"only": [1]},
        {"ignore": {"p0": True}},
        {"order": ("p0",)},
        {"regions": "us"},
        {"max_price": 3},
        {"max_price": {"image": 1}},
        {"max_price": {"prompt": "1"}},
        {"max_price": {"prompt": True}},
        {"max_price": {"prompt": None}},
        {"max_price": {"prompt": -0.01}},
        {"max_price": {"prompt": float("nan")}},
        {"max_price": {"prompt": float("inf")}},
        {"max_price": {"prompt": 10**400}},
        {"sort": "alphabet"},
        {"sort": ["price"]},
    ],
)
def test_what_cannot_be_understood_is_an_error(value):
    with pytest.raises(InvalidRequest) as caught:
        Preferences.read(value)
    assert caught.value.param == "provider"


def test_the_error_quotes_nothing_of_the_caller():
    with pytest.raises(InvalidRequest) as caught:
        Preferences.read({"my secret": ["my secret"], "sort": "my secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "narrows"),
    [
        ({"only": []}, True),
        ({"only": ["p0"]}, True),
        ({"ignore": []}, False),
        ({"ignore": ["p0"]}, True),
        ({"max_price": {"prompt": 0}}, True),
        ({"max_price": {"completion": 0}}, True),
        ({"regions": []}, True),
        ({"order": ["p0"], "sort": "price", "zdr": False, "allow_fallbacks": False}, False),
    ],
)
def test_only_what_can_refuse_a_target_narrows(value, narrows):
    assert Preferences.read(value).narrows == narrows


@given(provider_preferences())
def test_null_is_the_same_as_silence(wishes):
    names = ("zdr", "only", "ignore", "order", "allow_fallbacks", "data_collection", "max_price", "regions", "sort")
    assert Preferences.read({**dict.fromkeys(names), **wishes}) == Preferences.read(wishes)
