from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.state.trust_changes import Change, Unreadable, fold, follows, made, read_change, read_json, trust_from

AT = 1_800_000_000.0


def chain(*kinds: tuple[str, str]) -> tuple[Change, ...]:
    changes: tuple[Change, ...] = (made("init", "", why="new", by="me", at=AT, after=()),)
    for kind, subject in kinds:
        changes += (made(kind, subject, why="because", by="me", at=AT, after=changes),)
    return changes


@given(st.floats(0, 4e9), st.text(min_size=1), st.text(min_size=1))
def test_a_change_reads_back_as_it_was_written(at, why, by):
    try:
        change = made("revoke", "account:a", why=why, by=by, at=at, after=())
    except ValueError:
        return
    assert read_change(read_json(json.dumps(change.as_dict()).encode())) == change


def test_what_counts_is_the_last_word_on_each_subject():
    said = fold(chain(("revoke", "account:a"), ("contradict", "target:b/m"), ("revoke", "account:c")))
    assert (set(said.revoked), set(said.contradicted)) == ({"account:a", "account:c"}, {"target:b/m"})
    released = chain(("revoke", "account:a"), ("contradict", "account:a"), ("release", "account:a"))
    assert fold(released) == ({}, {})
    assert set(fold((*released, released[-1]._replace(epoch=released[-1].epoch + 1, kind="revoke"))).revoked) == {
        "account:a"
    }


@pytest.mark.parametrize("damage", ["none at all", "without its beginning", "doubled", "out of order", "lost"])
def test_what_is_no_whole_state_says_nothing(damage):
    whole = chain(("revoke", "account:a"), ("revoke", "account:b"))
    fold(whole)
    damaged = {
        "none at all": (),
        "without its beginning": whole[1:],
        "doubled": (*whole, whole[-1]),
        "out of order": (whole[0], whole[2], whole[1]),
        "lost": (*whole, made("lost", "", why="gone", by="me", at=AT, after=whole)),
    }[damage]
    with pytest.raises(Unreadable):
        fold(damaged)


def test_an_init_makes_what_was_lost_a_state_again():
    whole = chain(("revoke", "account:a"))
    lost = (*whole, made("lost", "", why="gone", by="me", at=AT, after=whole))
    again = (*lost, made("init", "", why="looked at", by="me", at=AT, after=lost))
    assert set(fold(again).revoked) == {"account:a"}


@pytest.mark.parametrize("seen", [0, 1, 2, 3])
def test_a_state_follows_what_was_seen_of_it(seen):
    whole = chain(("revoke", "account:a"), ("release", "account:a"))
    assert follows(whole, whole[:seen])
    assert follows(whole[: max(seen - 1, 0)], whole[:seen]) == (seen == 0)


def test_another_state_follows_only_if_it_was_declared_right_later():
    whole = chain(("revoke", "account:a"), ("revoke", "account:b"))
    other = (*whole[:2], whole[2]._replace(subject="account:c"), whole[2]._replace(epoch=whole[2].epoch + 1))
    assert not follows(other, whole)
    early = (made("init", "", why="new", by="me", at=AT - 60, after=()),)
    assert not follows(early, whole)
    assert follows((made("init", "", why="new", by="me", at=AT + 60, after=()),), whole)


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": True},
        {"epoch": 1.0},
        {"epoch": 0},
        {"epoch": 2**60},
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00Z"},
        {"at": 1.0},
        {"change": "forgive"},
        {"change": []},
        {"subject": "provder:groq"},
        {"subject": "provider:"},
        {"subject": "provider:a\nb"},
        {"subject": None},
        {"why": ""},
        {"why": "a\x1b[2Jb"},
        {"why": "x" * 301},
        {"by": 1},
        {"more": "x"},
    ],
)
def test_a_change_that_is_written_otherwise_is_unreadable(change):
    written = chain(("revoke", "account:a"))[1].as_dict()
    read_change(written)
    with pytest.raises(Unreadable):
        read_change({**written, **change})


@pytest.mark.parametrize("name", ["epoch", "at", "change", "subject", "why", "by"])
def test_a_change_that_lacks_something_is_unreadable(name):
    written = chain(("revoke", "account:a"))[1].as_dict()
    del written[name]
    with pytest.raises(Unreadable):
        read_change(written)


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_what_is_not_plain_json_is_unreadable(raw):
    with pytest.raises(Unreadable) as caught:
        read_json(raw)
    assert caught.value.__context__ is None


def test_a_reading_holds_what_only_this_process_knows_and_is_dated_by_the_newest_change():
    more = made("contradict", "target:a/m", why="an answer", by="me", at=AT + 9, after=())
    trust = trust_from(chain(("revoke", "account:a")), [more], 7)
    assert (trust.epoch, trust.changed) == (7, AT)
    assert (trust.revoked, trust.contradicted) == ({"account:a": "because"}, {"target:a/m": "an answer"})
