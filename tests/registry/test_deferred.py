"""What is put off is made once, when it is asked for, and in its place."""

from __future__ import annotations

import pytest

from zdr_router.registry.deferred import Deferred, Later, made


def _counted():
    calls: list[int] = []

    def make() -> int:
        calls.append(1)
        return 7

    return calls, Later(make)


def test_a_value_is_made_when_it_is_first_asked_for_and_then_kept():
    calls, later = _counted()
    mapping: Deferred[int] = Deferred()
    mapping["a"] = later
    assert ("a" in mapping, len(mapping), list(mapping), calls) == (True, 1, ["a"], [])
    assert (mapping["a"], mapping["a"], calls) == (7, 7, [1])


def test_order_is_that_in_which_names_came_however_values_are_made():
    mapping: Deferred[int] = Deferred()
    mapping["b"], mapping["a"], mapping["c"] = Later(lambda: 1), 2, Later(lambda: 3)
    assert mapping["c"] == 3
    assert list(mapping.items()) == [("b", 1), ("a", 2), ("c", 3)]
    assert mapping == {"a": 2, "b": 1, "c": 3}
    assert repr(mapping) == "{'b': 1, 'a': 2, 'c': 3}"


def test_values_can_be_made_while_somebody_goes_through_the_names():
    mapping: Deferred[int] = Deferred()
    mapping["a"], mapping["b"] = Later(lambda: 1), Later(lambda: 2)
    assert [mapping[name] for name in mapping] == [1, 2]


def test_what_fails_to_be_made_fails_again():
    mapping: Deferred[float] = Deferred()
    mapping["a"] = Later(lambda: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            mapping["a"]


def test_names_that_are_not_there_are_not_there():
    mapping: Deferred[int] = Deferred()
    mapping["a"] = 1
    del mapping["a"]
    assert "a" not in mapping
    with pytest.raises(KeyError):
        mapping["a"]


def test_a_value_is_itself_whether_it_was_put_off_or_not():
    assert made(3) == made(Later(lambda: 3)) == 3
