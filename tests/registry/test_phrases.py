from __future__ import annotations

from typing import get_args

import pytest

from zdr_router.registry import phrases
from zdr_router.registry.facts import MechanismKind, Trigger, When, Word
from zdr_router.registry.ladders import FLAGS, MEDIA


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (FLAGS, phrases.FLAGS),
        (MEDIA, phrases.MEDIA),
        (get_args(Trigger), phrases.TRIGGERS),
        (get_args(When), phrases.WHEN),
        (get_args(Word), phrases.REVIEW),
        (get_args(MechanismKind), phrases.MECHANISMS),
    ],
)
def test_every_word_has_phrases_of_its_own(known, said):
    assert sorted(said) == sorted(known)
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize("words", [phrases.FLAGS, phrases.MEDIA, phrases.TRIGGERS, phrases.MECHANISMS])
def test_what_a_word_says_is_a_sentence(words):
    for each in words.values():
        assert each.says[0].isupper()
        assert each.says.endswith(".")
        assert ".." not in each.says


@pytest.mark.parametrize(
    ("parts", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_parts_are_listed_as_in_a_sentence(parts, text):
    assert phrases.listed(parts, "or") == text


@pytest.mark.parametrize(("name", "text"), [("CSAM screening", "CSAM screening"), ("Legal hold", "legal hold")])
def test_a_heading_in_a_sentence_keeps_its_acronym(name, text):
    assert phrases.inside(name) == text
    assert phrases.sentence(text) == f"{name}."
