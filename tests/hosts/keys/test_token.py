"""The text of a key: what it looks like, what a slip in it does, and what is kept of it."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from zdr_router.hosts.keys.token import (
    LENGTH,
    PREFIX,
    Parts,
    hasher,
    looks_like_one,
    new_id,
    new_secret,
    parse,
    pepper_id,
    written,
)
from zdr_router.sealed import Sealed

PEPPER = Sealed("pepper-of-the-tests-and-of-nobody-else")
ALPHABET = string.digits + string.ascii_letters


def a_text() -> str:
    return written(new_id(), new_secret()).open()


def test_a_key_is_what_a_scanner_looks_for_and_no_two_are_alike():
    texts = {a_text() for _ in range(200)}
    assert len(texts) == 200
    assert all(re.fullmatch(r"zdr_[0-9A-Za-z]{61}", text) and len(text) == LENGTH for text in texts)


def test_the_secret_holds_256_bits():
    assert len(ALPHABET) ** 43 > 2**256
    # Random bits, not random characters: the first of them is small.
    assert {len(new_secret().open()) for _ in range(50)} == {43}


def test_what_is_written_is_read():
    id_, secret = new_id(), new_secret()
    parts = parse(written(id_, secret).open())
    assert (parts.id, parts.secret.open()) == (id_, secret.open())
    assert secret.open() not in repr(parts)


@given(st.integers(len(PREFIX), LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(place, character):
    text = a_text()
    slipped = text[:place] + character + text[place + 1 :]
    assert (parse(slipped) is None) == (slipped != text)
    assert looks_like_one(slipped)


@given(st.integers(len(PREFIX), LENGTH - 2))
def test_two_characters_that_changed_places_are_noticed(place):
    text = a_text()
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (parse(swapped) is None) == (swapped != text)


@given(st.text(max_size=2 * LENGTH))
def test_any_text_is_read_or_not_and_nothing_is_raised(text):
    assert parse(text) is None
    assert parse(PREFIX + text) is None


def test_a_key_that_was_cut_off_or_has_a_space_is_none():
    text = a_text()
    assert [parse(each) for each in (text[:-1], f"{text} ", f" {text}", f"{text}\n", text.upper())] == [None] * 5


def test_a_hash_hangs_on_pepper_id_and_secret():
    secret = new_secret()
    one, other = hasher(PEPPER), hasher(Sealed("another pepper of some length....."))
    hashes = {
        one(Parts("0" * 12, secret)),
        one(Parts("1" * 12, secret)),
        one(Parts("0" * 12, new_secret())),
        other(Parts("0" * 12, secret)),
    }
    assert len(hashes) == 4
    assert {len(each) for each in hashes} == {32}
    assert one(Parts("0" * 12, secret)) == hasher(PEPPER)(Parts("0" * 12, secret))


def test_the_name_of_a_pepper_is_not_a_part_of_it():
    assert pepper_id(PEPPER) == pepper_id(Sealed(PEPPER.open()))
    assert pepper_id(PEPPER) != pepper_id(Sealed("another"))
    assert re.fullmatch(r"[0-9a-f]{16}", pepper_id(PEPPER))
