"""What takes a target along when it is revoked."""

from __future__ import annotations

from world import World

from zdr_router.policy.trust import Trust, subjects


def test_a_target_goes_with_its_provider_configuration_account_or_alone(case):
    (target,) = World(case).targets
    assert set(subjects(target)) == {"provider:p0", "configuration:p0/c0", "account:main", "target:main/small"}


def test_a_state_kept_in_this_process_is_always_fresh():
    assert Trust().as_of == float("inf")
