"""What follows from each outcome."""

from __future__ import annotations

import pytest

from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_consequence(outcome):
    assert outcome in CONSEQUENCES


@pytest.mark.parametrize("outcome", [Outcome.CALLER_FAULT, Outcome.PROVIDER_REFUSAL])
def test_a_no_neither_moves_on_nor_hurts(outcome):
    assert not CONSEQUENCES[outcome].moves_on
    assert not CONSEQUENCES[outcome].hurts


def test_what_one_request_brings_on_itself_does_not_hurt_the_target_for_others():
    harmless = {outcome for outcome, after in CONSEQUENCES.items() if not after.hurts}
    assert harmless == {
        Outcome.OK,
        Outcome.CALLER_FAULT,
        Outcome.PROVIDER_REFUSAL,
        Outcome.CANCELLED,
        Outcome.CONTEXT_TOO_LONG,
        Outcome.UNCLEARED,
        Outcome.GUARDED,
        Outcome.RATE_LIMITED,
    }
