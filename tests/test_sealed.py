"""Content travels in a wrapper that shows only its kind and size."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass

import pytest

from zdr_router.sealed import Sealed, describe

CANARY = "canary-7f3a"
CONTENT = {"messages": [CANARY]}


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, "{!s}".format, "{:>80}".format, ascii],
                         ids=range(7))  # fmt: skip
def test_however_it_is_shown_it_gives_kind_and_size(show):
    shown = show(Sealed(CONTENT))
    assert CANARY not in shown
    assert "<sealed dict, 1 items>" in shown


def test_what_holds_it_does_not_show_it_either():
    @dataclass
    class Holder:
        body: Sealed[object]

    assert CANARY not in repr(Holder(Sealed(CONTENT)))
    assert CANARY not in repr([Sealed(CONTENT)])


def test_the_one_way_in_is_to_open_it():
    assert Sealed(CONTENT).open() is CONTENT


def test_nothing_is_copied():
    sealed = Sealed(CONTENT)
    assert copy.copy(sealed) is sealed
    assert copy.deepcopy([sealed])[0] is sealed


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol):
    with pytest.raises(TypeError, match="must not outlive the call") as raised:
        pickle.dumps(Sealed(CONTENT), protocol)
    assert CANARY not in str(raised.value)


def test_it_cannot_be_written_as_json():
    with pytest.raises(TypeError) as raised:
        json.dumps(Sealed(CONTENT))
    assert CANARY not in str(raised.value)


def test_nobody_finds_attributes_in_it():
    with pytest.raises(TypeError):
        vars(Sealed(CONTENT))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("four", "str, 4 characters"),
        (b"four", "bytes, 4 bytes"),
        (bytearray(3), "bytearray, 3 bytes"),
        (memoryview(b"abc"), "memoryview, 3 bytes"),
        ([1, 2], "list, 2 items"),
        ((1,), "tuple, 1 items"),
        ({1}, "set, 1 items"),
        (7, "int"),
        (None, "NoneType"),
    ],
)
def test_kind_and_size_are_said(content, said):
    assert describe(content) == said
