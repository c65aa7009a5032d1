from __future__ import annotations

from typing import get_args

import pytest

from zdr_router.conformance.grants import BY_ITSELF
from zdr_router.conformance.statement import wording
from zdr_router.conformance.statement.facts import Caching
from zdr_router.conformance.statement.record import RECORDED
from zdr_router.metadata import Metadata
from zdr_router.registry import phrases
from zdr_router.registry.facts import ExceptionClause, Flags, Leg, MechanismKind, Trigger, When, Word
from zdr_router.registry.ladders import FLAGS, Medium
from zdr_router.registry.vocabulary import FEATURES


def clauses():
    return [
        ExceptionClause(trigger=trigger, when=when, human_review=word)
        for trigger in get_args(Trigger)
        for when in get_args(When)
        for word in get_args(Word)
    ]


def test_every_exception_has_a_sentence_of_its_own():
    said = [wording.exception(each) for each in clauses()]
    assert len(set(said)) == len(said)


def test_a_time_that_is_not_stated_is_said_to_be_not_stated():
    assert "for a time that is not stated" in wording.exception(ExceptionClause(trigger="sampling"))
    assert "for up to 30 days" in wording.exception(ExceptionClause(trigger="sampling", max="30 days"))


@pytest.mark.parametrize(
    ("ttl", "said"), [("1h", "1 hour"), ("24h", "24 hours"), ("10m", "10 minutes"), ("2 years", "2 years")]
)
def test_a_time_is_said_in_words(ttl, said):
    assert f" for up to {said}." in wording.caching(Caching("disk", ttl, off=False, apart=None))
    assert f" for up to {said};" in wording.exception(ExceptionClause(trigger="sampling", max=ttl))


@pytest.mark.parametrize("medium", get_args(Medium))
def test_every_cache_has_a_sentence(medium):
    said = wording.caching(Caching(medium, None, off=False, apart=None))
    assert (said == "Nothing of a prompt is cached.") is (medium == "none")


def test_a_cache_that_is_shared_is_said_to_be():
    said = {apart: wording.caching(Caching("disk", "5m", off=False, apart=apart)) for apart in (None, True, False)}
    assert said[True].endswith("We keep one customer's parts apart from another's.")
    assert said[False].endswith("Customers are not kept apart in it.")
    assert "customer" not in said[None].lower()


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("word", ["yes", "unknown"])
def test_what_is_not_no_is_not_said(name, word):
    clean = Flags(**dict.fromkeys(FLAGS, "no"))
    loose = clean.model_copy(update={name: word})
    whole, left = wording.on_the_routine_path(clean), wording.on_the_routine_path(loose)
    assert len(left) < len(whole)
    assert wording.on_the_routine_path(Flags()) == "Nothing is known of what happens as a rule."


@pytest.mark.parametrize("kind", ["gateway", "upstream", "tools"])
def test_a_further_party_is_named_or_said_to_be_not_named(kind):
    flags = Flags(stores_prompts="no")
    assert "Another Company" in wording.leg(Leg(leg=kind, operator="Another Company", flags=flags))
    assert "not named" in wording.leg(Leg(leg=kind, flags=flags))


def test_a_grant_does_not_make_a_claim_stronger(gathered):
    claim = ("evidence: [{kind: terms", "grade: claimed\n      evidence: [{kind: terms")
    (agreed, _) = gathered("strict", claim).services
    assert agreed.grade == "contracted"
    assert wording.grades(agreed) == "claimed for what is published, contracted for what we arranged"
    assert wording.basis(agreed).startswith("A list that somebody else keeps claims so;")


def test_what_every_grant_states_has_a_sentence():
    needed = set(get_args(MechanismKind)) - BY_ITSELF
    assert set(wording._STATED) == needed


def test_no_sentence_promises():
    every = [*map(wording.exception, clauses()), *wording._STATED.values()]
    every += [each.says for words in (phrases.MECHANISMS, phrases.TRIGGERS, phrases.MEDIA) for each in words.values()]
    for word in ("guarantee", "complian", "proof", "never", "always", "ensure"):
        assert not any(word in sentence.lower() for sentence in every), word


@pytest.mark.parametrize("feature", FEATURES.values(), ids=list(FEATURES))
def test_a_feature_that_requests_may_use_is_said_with_what_it_does(feature):
    said = wording.permitted(feature)
    if feature.effect == "retention":
        assert said.endswith("on the basis below, this one does not.")
    else:
        assert feature.says[1:] in said


def test_every_field_of_the_record_is_said():
    said = [name for names in RECORDED.values() for name in names]
    assert sorted(said) == sorted(Metadata._fields)
