from __future__ import annotations

from zdr_router.cli.bars import bars


def test_the_longest_bar_is_as_wide_as_it_may_be_and_the_others_are_in_proportion():
    assert bars([("a", 8), ("bb", 4), ("c", 0), ("d", 0.5)], width=4) == [
        "a   ████ 8",
        "bb  ██ 4",
        "c    0",
        "d   ▎ 0.5000",
    ]


def test_nothing_is_drawn_of_nothing():
    assert bars([]) == []
    assert bars([("a", 0)]) == ["a   0"]
