"""The decision is held against a judge that was written from the design alone."""

from __future__ import annotations

import judge
import pytest
from hypothesis import event, given, settings
from strategies import DAMAGE, Case, cases, damaged_cases
from world import World

from zdr_router.policy.clearance import Clearance


def judged(case: Case) -> dict[str, set[str]]:
    return judge.judge(
        case.provider_files,
        case.operator,
        case.tenant,
        case.body,
        case.endpoint,
        case.call_policy,
        case.now,
        credentials=case.credentials,
        trust=case.trust,
        dialects=case.dialects,
    )


def agree(case: Case) -> None:
    expected = judged(case)
    for name, verdict in World(case).clear_all().items():
        cleared = isinstance(verdict, Clearance)
        event("eligible" if cleared else "refused")
        ids = set() if cleared else {refusal.id for refusal in verdict}
        for refusal_id in ids:
            event(refusal_id)
        assert cleared == (name in judge.eligible(expected)), (name, ids, expected[name])
        assert {refusal_id[:4] for refusal_id in ids} == expected[name], (name, ids)


@settings(max_examples=200)
@given(cases())
def test_every_target_gets_the_verdict_of_the_judge(case):
    agree(case)


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_whatever_is_wrong_with_a_world_the_judge_sees_the_same(damage):
    @settings(max_examples=15)
    @given(damaged_cases(damage))
    def hold(case):
        agree(case)

    hold()
