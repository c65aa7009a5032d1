"""Which target of a plan is asked next, and when: those that may be asked now, in order; the ejected ones last."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router.policy.clearance import Clearance
    from zdr_router.routing.failures import Again
    from zdr_router.routing.plan import Plan


class Opening(NamedTuple):
    """From when on a target may be asked.

    `firm` is kept to: what its provider asks for, and limits. `soft` is advice: an ejection gives way when nobody else
    is left.
    """

    firm: float
    soft: float


class Gate(Protocol):
    """What is known of the targets of a plan by those who keep count of them."""

    def opening(self, clearance: Clearance, at: float) -> Opening:
        """From when on the target may be asked."""
        ...

    def hedges(self, clearance: Clearance, at: float) -> bool:
        """Whether the target may be asked beside another one."""
        ...

    def retry_at(self, clearance: Clearance, tries: int, at: float) -> float | None:
        """From when on it may be asked again after so many tries, or None when it may not."""
        ...


class Candidate:
    """A target that may still be asked. `not_before` is when this request may ask it again."""

    __slots__ = ("clearance", "not_before", "tries")

    def __init__(self, clearance: Clearance) -> None:
        """It was not asked yet."""
        self.clearance = clearance
        self.tries = 0
        self.not_before = 0.0


class Queue:
    """The candidates of one request, in the order in which they are asked."""

    def __init__(self, plan: Plan, gate: Gate, deadline: float) -> None:
        """All of the plan; those that health holds back come last."""
        self._candidates = [*map(Candidate, plan.clearances), *map(Candidate, plan.resting)]
        self._larger = plan.larger
        self._gate = gate
        self._deadline = deadline

    @property
    def fresh(self) -> bool:
        """Whether a target is left that was not asked yet."""
        for candidate in self._candidates:  # noqa: SIM110 - asked at every start, and a generator costs more
            if not candidate.tries:
                return True
        return False

    @property
    def holds_any(self) -> bool:
        """Whether any target is left."""
        return bool(self._candidates)

    def take(self, at: float) -> tuple[Candidate | None, float]:
        """The candidate to ask at `at`, or None and the instant at which to look again (`inf`: never).

        Waiting for one that will be ready before the deadline comes before asking one that is ejected.
        """
        opens, least, standing = inf, None, (inf, inf)
        for candidate in self._candidates:
            firm, soft = self._gate.opening(candidate.clearance, at)
            firm = max(firm, candidate.not_before)
            if soft <= at:
                if firm <= at:
                    return self._take(candidate), at
                opens = min(opens, firm)
            elif firm < self._deadline and (candidate.tries, soft) < standing:
                least, standing = (candidate, firm), (candidate.tries, soft)
        if opens < self._deadline or least is None:
            return None, opens
        candidate, firm = least
        return (self._take(candidate), at) if firm <= at else (None, firm)

    def take_fresh(self, at: float) -> Candidate | None:
        """One that was not asked yet, and may be asked now beside another."""
        for candidate in self._candidates:
            if not candidate.tries and max(self._gate.opening(candidate.clearance, at)) <= at:
                return self._take(candidate) if self._gate.hedges(candidate.clearance, at) else None
        return None

    def put_back(self, candidate: Candidate, outcome: Outcome, again: Again, at: float, retries: int) -> None:
        """A candidate whose attempt ended so: it may be asked again at once, later, or not at all."""
        if outcome is Outcome.CONTEXT_TOO_LONG:
            self._keep_longer(candidate)
        elif again == "at_once":
            candidate.not_before = at
            self._candidates.insert(0, candidate)
        elif again == "later" and candidate.tries <= retries:
            not_before = self._gate.retry_at(candidate.clearance, candidate.tries, at)
            if not_before is not None:
                candidate.not_before = not_before
                self._candidates.append(candidate)

    def _take(self, candidate: Candidate) -> Candidate:
        self._candidates.remove(candidate)
        return candidate

    def _keep_longer(self, short: Candidate) -> None:
        """Leave out what is known to be as short, and let in what is there for long requests."""
        self._candidates += [Candidate(clearance) for clearance in self._larger]
        self._larger = ()
        known = _context(short.clearance)
        if known is not None:
            self._candidates = [each for each in self._candidates if (_context(each.clearance) or inf) > known]


def _context(clearance: Clearance) -> int | None:
    """The tokens that its model takes, where the registry says."""
    declared = clearance.target.declared
    return None if declared is None else declared.context
