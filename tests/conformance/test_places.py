from __future__ import annotations

import pytest

from zdr_router.conformance.places import can_be, can_match, holds_text, reach
from zdr_router.registry.vocabulary import REQUESTS
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    TEXTS,
    Address,
    Object,
    Switch,
    Words,
)

CHAT = REQUESTS["chat.completions"]
WORDS = Words({"low": "", "high": ""})


def test_a_path_leads_to_everything_that_can_stand_there():
    assert reach([CHAT], "service_tier").shapes == (CHAT.keys["service_tier"],)
    assert len(reach([CHAT], "stop").shapes) == 2
    assert reach([CHAT], "provider.anything.below").shapes == (ANYTHING,)
    assert reach([CHAT], "metadata.team").shapes == (TEXT,)


def test_the_word_that_tells_objects_apart_is_a_place():
    (words,) = reach([CHAT], "tools[].type").shapes
    assert set(words.words) == {"function", "custom"}


def test_several_bodies_are_followed_at_once():
    bodies = [CHAT, REQUESTS["responses"]]
    assert not reach([CHAT], "previous_response_id").shapes
    assert reach(bodies, "previous_response_id").shapes
    assert {"function", "code_interpreter"} <= {
        word for shape in reach(bodies, "tools[].type").shapes for word in shape.words
    }


@pytest.mark.parametrize(
    ("path", "lost", "closed"),
    [
        ("stor", "stor", ""),
        ("tools.type", "tools.type", "tools"),
        ("tools[].typ", "tools[].typ", ""),
        ("store.off", "store.off", ""),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_was_lost(path, lost, closed):
    found = reach([CHAT], path)
    assert (found.shapes, found.lost, found.closed) == ((), lost, closed)


def test_brackets_over_what_is_no_list_change_nothing():
    assert reach([CHAT], "store[]").shapes == reach([CHAT], "store").shapes


@pytest.mark.parametrize(
    ("shape", "possible", "impossible"),
    [
        (TEXT, ["", "x"], [1, True, ["x"]]),
        (NUMBER, [1, 1.5], [True, "1"]),
        (INTEGER, [1], [1.5, False]),
        (FLAG, [True], [1, "true"]),
        (Switch(on="store"), [False], ["false", 0]),
        (WORDS, ["low"], ["medium", 1]),
        (Address(inline="a", remote="b"), ["https://x"], [1]),
        (TEXTS, [[], ["x", "y"]], ["x", [1]]),
        (ANYTHING, [1, "x", None, []], []),
        (Object({}), [], ["x", 1]),
    ],
)
def test_values_fit_shapes_as_the_vocabulary_reads_them(shape, possible, impossible):
    assert all(can_be(shape, value) for value in possible)
    assert not any(can_be(shape, value) for value in impossible)


def test_a_pattern_is_searched_for_in_closed_lists_of_words():
    assert can_match(WORDS, "^lo")
    assert not can_match(WORDS, "^medium")
    assert can_match(TEXT, "^medium")
    assert not can_match(FLAG, "true")
    assert [holds_text(shape) for shape in (TEXT, ANYTHING, NUMBER, TEXTS)] == [True, True, False, False]
