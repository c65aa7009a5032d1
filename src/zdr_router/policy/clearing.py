"""May this target serve this request now? The one place where a clearance is made.

The answer is the standing of the target (computed once, kept until it lapses) joined with what the request
itself uses and asks for. Whatever is unknown is refused.

Most requests use the same few features. So what was decided about the targets of a route is remembered by what the
request used, as far as that alone decides; nothing of what a caller wrote is remembered.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from cachetools import LRUCache

from zdr_router.policy.asked import judge_request
from zdr_router.policy.carriage import looks_inside
from zdr_router.policy.clearance import MINT, Clearance
from zdr_router.policy.conditions import Forced
from zdr_router.policy.findings import Findings
from zdr_router.policy.identifiers import NAMING, pseudonyms
from zdr_router.policy.preferences import NO_PREFERENCES
from zdr_router.policy.standing import Standing, stand
from zdr_router.policy.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.metadata import Refusal
    from zdr_router.policy.policy import Policy
    from zdr_router.policy.request import Request
    from zdr_router.policy.target import Target

_UNREAD: Final = Trust(epoch=-1)
"""Stands in for a trust state that cannot be read. Its epoch is nobody's, so what it gave is never used again."""

_SALT_BYTES: Final = 16
_TOLERANCE: Final = 1.0
"""Seconds by which a clock may be behind: no more than what setting it right in small steps comes to."""

_RECENT: Final = 1024
"""How many standings are kept at hand beside those that are remembered, and how many decisions."""


class _Decided(NamedTuple):
    """What was decided about `targets` for requests of one kind under `policy`, from `at` to `until`."""

    targets: Sequence[Target]
    policy: Policy
    epoch: int
    at: float
    until: float
    passed: tuple[tuple[Standing, tuple[Forced, ...]], ...]
    refusals: tuple[Refusal, ...]


def no_longer(target: Target) -> tuple[Refusal, ...]:
    """Why a target that a request had may not serve it any more: what is in force now does not give it to it."""
    findings = Findings(target)
    sentence = "it is no longer among the targets of this request's route and tenant"
    findings.add("ZDR108", sentence, "nothing, if that is meant; else declare it again and reload")
    return tuple(findings.refusals)


class Clearing:
    """Clears targets for requests, and remembers standings.

    `dialects` are those this build speaks; `salt_key` (16 random bytes or more) keeps the caches of tenants apart
    and makes pseudonyms.
    `not_before` is an instant that is known to have passed: a clock that shows an earlier one clears nothing, and
    neither does one that shows an earlier instant than it did before.
    """

    def __init__(
        self,
        *,
        dialects: frozenset[str],
        salt_key: bytes,
        not_before: float = float("-inf"),
        remembered: int = 65_536,
    ) -> None:
        """Remember at most `remembered` standings."""
        if len(salt_key) < _SALT_BYTES:
            raise ValueError(f"salt_key has {len(salt_key)} bytes: give {_SALT_BYTES} or more, at random")
        self._dialects = dialects
        self._salt_key = salt_key
        self._not_before = not_before
        self._latest = float("-inf")
        self._standings: LRUCache[tuple[str, Target], Standing] = LRUCache(maxsize=remembered)
        self._recent: dict[Target, Standing] = {}
        self._recent_policy: Policy | None = None
        self._decided: dict[tuple[object, ...], _Decided] = {}

    def renew(self, not_before: float) -> None:
        """Another registry, policy or account is in force: forget what was decided, but not the time and the salts.

        `not_before` is the new registry's; one whose dates were set right clears again.
        """
        self._not_before = not_before
        self._standings.clear()
        self._decided.clear()
        self._recent_policy, self._recent = None, {}

    def clear_all(
        self, targets: Sequence[Target], request: Request, policy: Policy, trust: Trust | None, now: float
    ) -> tuple[list[Clearance], tuple[Refusal, ...]]:
        """Clear each of `targets` as `clear` does: the clearances, in order, and the refusals of all others.

        Asked about the same sequence and policy again, it looks up what it found for a request that used the same.
        """
        uses = request.requirements
        ordinary = not uses.unknown and uses.preferences is NO_PREFERENCES
        if trust is None or not (ordinary and trust.fresh(policy, now) and self.timely(trust, now)):
            return self._clear_each(targets, request, policy, trust, now)
        kind = (id(targets), id(policy), request.tenant, uses.endpoint, uses.parameters, uses.features, uses.stream)
        decided = self._decided.get(kind)
        if (
            decided is not None
            and decided.epoch == trust.epoch
            and decided.at <= now < decided.until
            and decided.targets is targets
            and decided.policy is policy
        ):
            passed = [
                Clearance(MINT, standing.target, request, standing, forced) for standing, forced in decided.passed
            ]
            return passed, decided.refusals
        cleared, refusals = self._clear_each(targets, request, policy, trust, now)
        standings = [self._standing(target, policy, trust, now) for target in targets]
        if standings and not any(_looks_inside(standing, uses.parameters) for standing in standings):
            if len(self._decided) >= _RECENT:
                self._decided.clear()
            self._decided[kind] = _Decided(
                targets,
                policy,
                trust.epoch,
                max(standing.at for standing in standings),
                min(standing.until for standing in standings),
                tuple((each.standing, each.forced) for each in cleared),
                refusals,
            )
        return cleared, refusals

    def _clear_each(
        self, targets: Sequence[Target], request: Request, policy: Policy, trust: Trust | None, now: float
    ) -> tuple[list[Clearance], tuple[Refusal, ...]]:
        cleared: list[Clearance] = []
        refusals: list[Refusal] = []
        for target in targets:
            result = self.clear(target, request, policy, trust, now)
            if isinstance(result, Clearance):
                cleared.append(result)
            else:
                refusals += result
        return cleared, tuple(refusals)

    def clear(
        self, target: Target, request: Request, policy: Policy, trust: Trust | None, now: float
    ) -> Clearance | tuple[Refusal, ...]:
        """Clear `target` for `request` at `now` (seconds since the epoch), or say every reason why not.

        `policy` must be complete; `trust` is None when the trust state cannot be read.
        """
        findings = Findings(target)
        if trust is None or not trust.fresh(policy, now):
            findings.add("ZDR105", "the trust state cannot be read or is too old", "make it readable again")
        known = trust or _UNREAD
        if not self.timely(known, now):
            sentence = "the clock shows an earlier time than one that has passed"
            findings.add("ZDR107", sentence, "set the clock of this machine; if it had run ahead, restart the router")
        standing = self._standing(target, policy, known, now)
        judge_request(findings, standing, request)
        if standing.refusals or findings.refusals:
            return (*standing.refusals, *findings.refusals)
        forced = standing.forced
        if standing.salted is not None:
            forced = (*forced, Forced((standing.salted,), self._salt(request.tenant)))
        forced = (*forced, *pseudonyms(request, standing, self._salt_key))
        return Clearance(MINT, target, request, standing, forced)

    def timely(self, trust: Trust, now: float) -> bool:
        """Whether `now` can be the time: not before the last one, the registry, or the newest change in trust."""
        latest = self._latest
        if now >= latest:
            self._latest = now
        elif latest - now > _TOLERANCE:
            return False
        return max(self._not_before, trust.changed) - now <= _TOLERANCE

    def _standing(self, target: Target, policy: Policy, trust: Trust, now: float) -> Standing:
        # Most requests come under the same policy object as the one before, so that one's standings are at hand.
        if policy is not self._recent_policy or len(self._recent) > _RECENT:
            self._recent_policy, self._recent = policy, {}
        known = self._recent.get(target)
        if known is not None and known.holds(now, trust.epoch):
            return known
        key = (policy.digest, target)
        known = self._standings.get(key)
        if known is None or not known.holds(now, trust.epoch):
            known = self._standings[key] = stand(target, policy.complete(), trust, self._dialects, now)
        self._recent[target] = known
        return known

    def _salt(self, tenant: str | None) -> str:
        """What separates a tenant's cached prefixes from all others': not guessable, the same for all its requests."""
        name = b"operator" if tenant is None else b"tenant:" + tenant.encode()
        return hashlib.blake2b(name, key=self._salt_key[:64], digest_size=16).hexdigest()


def _looks_inside(standing: Standing, parameters: frozenset[str]) -> bool:
    """Whether what a request says under these parameters, and not only that it has them, decides about the target."""
    if looks_inside(standing.target) or not NAMING.isdisjoint(parameters):
        return True
    return standing.target.rules.look_at(parameters) or not standing.router_sets.isdisjoint(parameters)
