"""Trust, kept in this process under an epoch that only grows."""

from __future__ import annotations

import pytest

from zdr_router.state.trust import MemoryTrust


def test_at_first_nothing_is_revoked():
    trust = MemoryTrust().read()
    assert (trust.revoked, trust.contradicted) == ({}, {})


def test_what_is_revoked_stays_so_until_it_is_released():
    state = MemoryTrust()
    state.revoke("account:a", "leaked key")
    state.revoke("provider:b", "breach")
    assert state.read().revoked == {"account:a": "leaked key", "provider:b": "breach"}
    state.release("account:a", "looked into")
    assert state.read().revoked == {"provider:b": "breach"}


def test_a_contradiction_is_released_by_its_own_name_only():
    state = MemoryTrust()
    state.contradict("target:a/m", "served by another")
    state.release("target:b/m", "looked into")
    assert state.read().contradicted == {"target:a/m": "served by another"}
    state.release("target:a/m", "looked into")
    assert state.read().contradicted == {}


def test_the_first_contradiction_is_the_one_that_is_kept():
    state = MemoryTrust()
    state.contradict("target:a/m", "first")
    epoch = state.read().epoch
    state.contradict("target:a/m", "second")
    assert state.read().contradicted == {"target:a/m": "first"}
    assert state.read().epoch == epoch


@pytest.mark.parametrize("change", ["revoke", "contradict", "release"])
def test_the_epoch_grows_with_every_change(change):
    state = MemoryTrust()
    state.revoke("account:a", "because")
    before = state.read()
    state.release("account:a", "looked into") if change == "release" else getattr(state, change)("account:b", "because")
    assert state.read().epoch > before.epoch


def test_a_reading_does_not_change_under_its_reader():
    state = MemoryTrust()
    before = state.read()
    state.revoke("account:a", "because")
    assert before.revoked == {}
    with pytest.raises(TypeError):
        state.read().revoked["account:b"] = "because"
