from __future__ import annotations

import re
from pathlib import Path

import pytest

import zdr_router.policy
from zdr_router.policy.refusals import REFUSALS

ROOM = Path(zdr_router.policy.__file__).parent
USED = {
    id_
    for file in ROOM.glob("*.py")
    if file.name != "refusals.py"
    for id_ in re.findall(r"\bZDR[0-9]{3}\b", file.read_text(encoding="utf-8"))
}


def test_every_id_that_policy_uses_has_a_page_and_no_other():
    assert set(REFUSALS) == USED


def test_the_ids_are_in_order_and_leave_the_nines_to_the_rules():
    assert list(REFUSALS) == sorted(REFUSALS)
    assert all("1" <= id_[3] <= "8" for id_ in REFUSALS)


@pytest.mark.parametrize("id_", REFUSALS)
def test_a_page_says_what_why_and_what_next_in_sentences(id_):
    page = REFUSALS[id_]
    assert not page.title.endswith(".")
    for text in (page.means, page.why, page.next):
        assert re.match(r"[`A-Z]", text)
        assert text.endswith(".")
