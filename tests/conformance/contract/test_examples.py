from __future__ import annotations

import pytest

from zdr_router.conformance.contract.examples import plain, voiding
from zdr_router.policy.request import Request
from zdr_router.registry.vocabulary import FEATURES
from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.shapes import Either, Items, Nothing, Object, Scalar, Switch, Table, Tagged, Words
from zdr_router.sealed import Sealed

SAYING = [{"role": "user", "content": "hello"}]


def read(members):
    return Request.of("chat.completions", Sealed({"model": "m", "messages": SAYING, **members})).requirements


def named_in(shape):
    """Every feature that is named anywhere in a table, however deep."""
    if isinstance(shape, dict):
        return {name for each in shape.values() for name in named_in(each)}
    if isinstance(shape, str):
        return {shape}
    found = {getattr(shape, name, "") for name in ("feature", "on", "off", "inline", "remote", "bare")}
    for name in ("keys", "kinds", "cases", "item", "value"):
        inner = getattr(shape, name, None)
        if inner is not None:
            found |= named_in(dict(inner)) if name in {"keys", "kinds", "cases"} else named_in(inner)
    return found | (set(shape.words.values()) if isinstance(shape, Words) else set())


def test_there_is_an_example_of_every_feature_of_a_chat_that_does_more_than_answer():
    effects = {name: FEATURES[name].effect for name in named_in(CHAT) - {""}}
    more = {name for name, effect in effects.items() if effect not in {"inference", "router"}}
    assert {each.feature for each in voiding()} == more
    assert {"store", "end_user", "web_search", "remote_image", "cache_key", "file_by_id", "extended_cache"} <= more


def test_each_example_can_be_read_and_uses_its_feature():
    for example in voiding():
        found = read(example.members)
        assert example.feature in found.features, example
        assert found.unknown == (), example


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Words({"a": "store", "b": ""}), "b"),
        (Words({"a": "store"}), "a"),
        (Switch(on="store"), False),
        (Switch(off="store"), True),
        (Nothing(), None),
        (Items(Scalar("integer")), []),
        (Items(Scalar("integer"), at_least=1), [1]),
        (Table(Scalar("string")), {}),
        (Object({"a": Scalar("string"), "b": Scalar("string")}, required=("b",)), {"b": "zdr"}),
        (Tagged("type", {"x": Object({"y": Scalar("boolean")}, required=("y",))}), {"type": "x", "y": True}),
        (Either({"string": Scalar("string"), "list": Items(Scalar("string"))}), "zdr"),
    ],
)
def test_the_plainest_value_of_a_shape(shape, value):
    assert plain(shape) == value
