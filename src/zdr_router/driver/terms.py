"""Under which terms a request runs: the route, policy and targets that are in force at each of its attempts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from zdr_router.metadata import Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import no_longer
from zdr_router.routing.plan import Luck, Plan, Route, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zdr_router.deployment import Deployment
    from zdr_router.dialects.base import Head
    from zdr_router.driver.ledger import Ledger
    from zdr_router.metadata import Refusal
    from zdr_router.policy.clearing import Clearing
    from zdr_router.policy.policy import Policy
    from zdr_router.policy.request import Request
    from zdr_router.policy.target import Target
    from zdr_router.state.trust import TrustState


class Prepared(NamedTuple):
    """A request that was read, with the route that it asks for and the policy that it runs under, as they were then.

    They are those of `deployment`; `asked` is the policy of the call alone.
    """

    request: Request
    route: Route
    policy: Policy
    deployment: Deployment
    asked: Policy | None
    ledger: Ledger
    deadline: float
    head: Head


class Terms:
    """Plans and clears by the `deployment` in force, which another may replace. `clock`: seconds since the epoch."""

    def __init__(
        self, deployment: Deployment, clearing: Clearing, trust: TrustState, clock: Callable[[], float]
    ) -> None:
        """Nothing is decided yet."""
        self.deployment = deployment
        self._clearing = clearing
        self._trust = trust
        self._clock = clock

    def plan(self, request: Request, route: Route, policy: Policy, luck: Luck) -> Plan:
        """The targets that may serve, in order, and why the others may not."""
        trust, now = self._trust.read(), self._clock()

        def clear(targets: Sequence[Target]) -> tuple[list[Clearance], tuple[Refusal, ...]]:
            return self._clearing.clear_all(targets, request, policy, trust, now)

        return make_plan(route, clear, request.requirements.preferences, luck)

    def reclear(self, clearance: Clearance, prepared: Prepared) -> Clearance | None:
        """The same clearance while it holds, else a new one; writes down why if the target no longer passes.

        After a reload: a clearance of what has the target's name on the request's route now, under the policy now.
        """
        if prepared.deployment is self.deployment:
            now, trust = self._clock(), self._trust.read()
            if trust is not None and self._clearing.timely(trust, now) and clearance.holds(now, trust):
                return clearance
            return self._clear(clearance.target, prepared.policy, prepared)
        found = self._now(prepared)
        if found is not None:
            route, policy = found
            for each in (route, *route.fallbacks, *route.larger_context):
                for target in each.targets:
                    if target.id == clearance.target.id:
                        return self._clear(target, policy, prepared)
        prepared.ledger.refusals = (*prepared.ledger.refusals, *no_longer(clearance.target))
        return None

    def may_go_on(self, clearance: Clearance, prepared: Prepared) -> bool:
        """Whether a stream may go on under its clearance, now that trust has changed."""
        policy = clearance.standing.policy
        if policy.on_revocation == "finish" or clearance.holds(self._clock(), self._trust.read()):
            return True
        # By the target and the policy that it began under: a reload lets it go on.
        return self._clear(clearance.target, policy, prepared) is not None

    def more(self, prepared: Prepared, luck: Luck) -> tuple[Plan, Route] | None:
        """After a reload, what a request that has exhausted its plan goes on with: targets that it has not asked yet.

        The route comes with what is left of its attempts.
        """
        ledger, request, found = prepared.ledger, prepared.request, self._now(prepared)
        asked = {each.target for each in ledger.attempts if each.outcome is not Outcome.UNCLEARED}
        if found is None or (asked and not request.requirements.preferences.allow_fallbacks):
            return None
        route, policy = found
        left = route.max_attempts - len(ledger.attempts)
        plan = self.plan(request, route, policy, luck)
        first, resting, larger = (
            tuple(each for each in some if each.target.id not in asked)
            for some in (plan.clearances, plan.resting, plan.larger)
        )
        ledger.refusals = tuple(dict.fromkeys((*ledger.refusals, *plan.refusals)))
        if not first and not resting:
            return None
        return Plan(first, plan.refusals, resting, larger), replace(route, max_attempts=left)

    def _clear(self, target: Target, policy: Policy, prepared: Prepared) -> Clearance | None:
        result = self._clearing.clear(target, prepared.request, policy, self._trust.read(), self._clock())
        if isinstance(result, Clearance):
            return result
        prepared.ledger.refusals = (*prepared.ledger.refusals, *result)
        return None

    def _now(self, prepared: Prepared) -> tuple[Route, Policy] | None:
        """What is in force now for a request that came in earlier; None where its route or tenant is gone.

        Its record names what it was last decided under.
        """
        route = self.deployment.routes.get(prepared.route.name)
        policy = self.deployment.policies.get(prepared.request.tenant)
        if route is None or policy is None:
            return None
        policy = policy if prepared.asked is None else policy & prepared.asked
        prepared.ledger.policy_digest = policy.digest
        prepared.ledger.registry_digest = self.deployment.registry.digest
        return route, policy
