"""What must hold of every request and of every attempt, whatever goes wrong. Each rule that is broken is noted."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulated.declared import KEYS, ROUTES
from simulated.fates import SAYS_NO
from simulated.fleet import HANGS_FOR, must_know
from simulated.judging import Bench
from zdr_router.metadata import ErrorCode, Outcome
from zdr_router.routing.retry_after import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulated.fates import Fate
    from simulated.fleet import Truth
    from simulated.journeys import Hop, Journey
    from simulated.weather import Weather
    from zdr_router.policy.dispatch import Dispatch

SLACK = 1e-3
"""Seconds by which anything may be late: time stands still while the code runs."""

LEAVES_WITHIN = 0.1
QUIET = 60.0
CUT_WITHIN = 1.5
STARVED = 20
ENOUGH = 20
_LONGEST_THROTTLE = 300.0
_CLOCK_TOLERANCE = 1.0
WITHIN = {
    name: {
        target
        for each in (name, *route.get("fallbacks", ()), *route.get("larger_context", ()))
        for target in ROUTES[each]["targets"]
    }
    for name, route in ROUTES.items()
}
"""The targets that a request for a route may come to."""

_LEFT = frozenset({"left early", "cancelled"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, by which request, and how."""

    rule: str
    journey: int
    how: str


class Witness:
    """Sees everything that leaves and everything that ends. `recovery` is how long an ejection may last at most."""

    def __init__(
        self, truth: Truth, weather: Weather, now: Callable[[], float], wall: Callable[[], float], *, recovery: float
    ) -> None:
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._truth = truth
        self._weather = weather
        self._now = now
        self._wall = wall
        self._recovery = recovery
        self._bench = Bench()
        self._rests: dict[tuple[str, str], tuple[float, float]] = {}
        self._latest_wall: dict[Any, float] = {}
        self._passed_over: Counter[tuple[str, str]] = Counter()

    def broken(self, rule: str, journey: int, how: str) -> None:
        """Note a violation; of many, only the first ones."""
        self.counts["violations"] += 1
        if len(self.violations) < ENOUGH:
            self.violations.append(Violation(rule, journey, how))

    # --- before anything leaves ----------------------------------------------------------------------------------

    def leaves(self, worker: Any, journey: Journey, hop: Hop, dispatch: Dispatch, deadline: float) -> None:
        """A request is about to leave."""
        self.counts["sends"] += 1
        for rule, how in self._faults_of(worker, journey, hop, dispatch, deadline):
            self.broken(rule, journey.number, f"{hop.target} at {hop.at - journey.began:.3f}s: {how}")
        self._passed_over[worker.name, hop.target] = 0

    def stray(self, dispatch: Dispatch) -> None:
        """Something leaves for nobody's request."""
        self.broken("left", -1, f"{dispatch.clearance.target.id}: sent on behalf of nobody")

    def _faults_of(
        self, worker: Any, journey: Journey, hop: Hop, dispatch: Dispatch, deadline: float
    ) -> Iterable[tuple[str, str]]:
        if fault := self._uncleared(worker, journey, hop.target):
            yield "cleared", fault
        if fault := _foreign(journey, hop, dispatch):
            yield "cleared", fault
        # In the instant of leaving, whoever has yet to hear of it may go on.
        if journey.ended_at is not None or (journey.left_at is not None and hop.at - journey.left_at > SLACK):
            yield "left", "sent although nobody waits for it"
        if deadline > journey.deadline + SLACK or hop.at >= journey.deadline:
            yield "deadline", "sent beyond the request's deadline"
        if fault := _beyond(journey, hop):
            yield "bounded", fault
        if journey.heard:
            yield "one voice", "sent after its caller had heard of another"
        if any(each.fault in SAYS_NO and not each.preflight and each.closed_at is not None for each in journey.hops):
            yield "a no is a no", "sent although a provider had said no"
        if fault := self._resting(worker, hop.target):
            yield "left alone", fault

    def _uncleared(self, worker: Any, journey: Journey, target: str) -> str:
        wall, latest = self._wall(), self._latest_wall.get(worker, 0.0)
        self._latest_wall[worker] = max(wall, latest)
        if latest - wall > _CLOCK_TOLERANCE:
            return f"sent although the clock shows {latest - wall:.0f}s less than it has shown"
        known = must_know(self._truth, worker.trust.contact, self._now())
        if known is None:
            return "sent although the trust state could not be read"
        if not self._bench.allows(target, journey, self._wall(), known):
            revoked, contradicted = (", ".join(sorted(each)) or "none" for each in known)
            return f"the judge does not clear it (revoked: {revoked}; contradicted: {contradicted})"
        return ""

    def _resting(self, worker: Any, target: str) -> str:
        """A target that has asked for rest is left alone, whoever else is left."""
        if target in worker.health.isolated:
            return "it was isolated by hand"
        told_at, until = self._rests.get((worker.name, target), (math.inf, 0.0))
        now = self._now()
        return f"it asked for rest for {until - now:.1f}s more" if told_at < now - SLACK and until > now + SLACK else ""

    def _surely(self, journey: Journey, target: str) -> bool:
        """Whether it is cleared whatever a worker may know."""
        lately = self._truth.ever_against(self._now() - QUIET)
        return self._bench.allows(target, journey, self._wall(), (lately, lately))

    # --- what comes back -----------------------------------------------------------------------------------------

    def told(self, worker: Any, target: str, fate: Fate, now: float) -> None:
        """The head of an answer has come, which may ask for rest."""
        wait = retry_after(fate.headers or {}, self._wall())
        if wait is not None:
            self._rests[worker.name, target] = (now, now + min(wait, _LONGEST_THROTTLE))

    def goes_on(self, worker: Any, journey: Journey, hop: Hop) -> None:
        """More of an answer has come; of a stream from a target that was revoked, nothing may any more."""
        contact, now = worker.trust.contact, self._now()
        if not journey.heard or contact.since is None or now - contact.since < CUT_WITHIN + HANGS_FOR:
            return
        against, wall = self._truth.against(now - CUT_WITHIN), self._wall()
        lapsed = not self._bench.allows(hop.target, journey, wall, (frozenset(), frozenset()))
        if not lapsed and not self._bench.allows(hop.target, journey, wall, against):
            self.broken("cut", journey.number, f"a stream of {hop.target} goes on {now - hop.at:.1f}s after it began")

    def restarted(self, worker: str) -> None:
        """A worker begins anew, and knows nothing of health."""
        for key in [key for key in self._rests if key[0] == worker]:
            del self._rests[key]

    # --- when a request has ended --------------------------------------------------------------------------------

    def ended(self, worker: Any, journey: Journey) -> None:
        """A request has ended, and its caller knows how."""
        self.counts["requests"] += 1
        self.counts[journey.verdict] += 1
        for hop in journey.hops:
            if hop.fault:
                self.faults[hop.fault] += 1
        for rule, how in self._endings(journey):
            self.broken(rule, journey.number, how)
        self._starving(worker, journey)

    def closed(self, journey: Journey) -> None:
        """A moment after a request has ended."""
        for hop in journey.hops:
            if hop.closed_at is None:
                self.broken("closed", journey.number, f"the connection to {hop.target} is still open")

    def _endings(self, journey: Journey) -> Iterable[tuple[str, str]]:
        late = (journey.ended_at or 0.0) - journey.paused - max(journey.deadline, journey.began)
        if late > SLACK:
            yield "deadline", f"it ended {late:.3f}s after its deadline"
        if journey.left_at is not None and (journey.ended_at or 0.0) - journey.left_at > LEAVES_WITHIN:
            yield "left", "it went on after its caller had left"
        if len(journey.records) != 1:
            yield "recorded", f"it was recorded {len(journey.records)} times"
        elif journey.metadata is not None and journey.metadata is not journey.records[0]:
            yield "recorded", "its caller was given another record"
        elif fault := _books(journey):
            yield "recorded", fault
        if fault := _heard(journey):
            yield "one voice", fault

    def _starving(self, worker: Any, journey: Journey) -> None:
        """No request fails for long while a target that works and is cleared gets nothing."""
        record = journey.records[0] if journey.records else None
        if record is None or record.error_code not in (ErrorCode.EXHAUSTED, ErrorCode.RATE_LIMITED):
            return
        if not _free(journey):
            return
        now = self._now()
        for target in ROUTES[journey.route]["targets"]:
            key = (worker.name, target)
            works = now - self._weather.works_since(target, now) > self._recovery
            if target in worker.health.isolated:
                self._passed_over[key] = 0
            elif works and now - worker.started_at > self._recovery and self._surely(journey, target):
                self._passed_over[key] += 1
                if self._passed_over[key] == STARVED:
                    self.broken("starving", journey.number, f"{target} works, and {STARVED} requests failed without it")


def bound(journey: Journey) -> int:
    """How many attempts a request may have."""
    return int(ROUTES[journey.route].get("max_attempts", 6))


def _beyond(journey: Journey, hop: Hop) -> str:
    """Why the request may not go on to this target."""
    content = [each for each in journey.hops if not each.preflight]
    if not hop.preflight and len(content) >= bound(journey):
        return f"it is attempt {len(content) + 1} of at most {bound(journey)}"
    if _alone(journey) and any(each.target != hop.target for each in journey.hops):
        return "it wanted no other target than the first"
    return "" if hop.target in WITHIN[journey.route] else "it is no target of the route, nor of those it falls back to"


def _alone(journey: Journey) -> bool:
    """Whether it wants one target and no other."""
    return journey.body.get("provider", {}).get("allow_fallbacks") is False


def _free(journey: Journey) -> bool:
    """Whether it leaves the choice of its targets to the route."""
    return "provider" not in journey.body


def _foreign(journey: Journey, hop: Hop, dispatch: Dispatch) -> str:
    """What is wrong with the bytes that leave: another's content or credential, or content where none may be."""
    name = hop.target.partition("/")[0]
    body = b"".join(bytes(piece) for piece in dispatch.body.open())
    if not dispatch.url.startswith(f"https://{name}.example/v1/"):
        return "it goes elsewhere"
    if dispatch.headers.get("authorization") != (f"Bearer {KEYS[name]}" if name in KEYS else None):
        return "it carries another credential"
    if hop.preflight:
        return "a preflight carries something" if body else ""
    if name == "cedar" and b'"store":false' not in body:
        return "it does not say what is forced"
    return "" if body.count(b"journey ") == 1 and journey.marker in body else "its content is not that of the request"


def _books(journey: Journey) -> str:
    """What is wrong with the attempts that the record lists, held against those that left."""
    record = journey.records[0]
    listed = Counter(each.target for each in record.attempts)
    answered = record.error_code is None
    # Who leaves does not learn whether the end was already there.
    if journey.verdict not in _LEFT and answered != (journey.verdict == "answered"):
        return f"it says {record.error_code or 'answered'}, and its caller found it {journey.verdict}"
    if any(each.outcome is Outcome.OK for each in record.attempts) != answered:
        return "its attempts do not say what became of it"
    left = Counter(each.target for each in journey.hops if not each.preflight)
    if left - listed:
        return f"of {left.total()} attempts that left, it lists {(left & listed).total()}"
    surely = Counter(
        each.target for each in record.attempts if each.sent == "maybe" and each.outcome is not Outcome.CANCELLED
    )
    return "it lists an attempt that never left" if surely - left else ""


def _heard(journey: Journey) -> str:
    """Who answers, answers alone; an answer that ended well is there from its beginning."""
    voices = {word.partition(":")[0] for word in journey.heard}
    if len(voices) > 1:
        return f"its caller heard {len(voices)} answers at once"
    if any(voice.partition(".")[0] != str(journey.number) for voice in voices):
        return "its caller heard another's answer"
    spoken = [int(word.partition(":")[2] or 0) for word in journey.heard]
    if spoken != list(range(len(spoken))):
        return "its caller heard an answer with a gap"
    if journey.verdict != "answered":
        return ""
    hop = journey.hops[int(voices.pop().partition(".")[2])] if voices else None
    says = hop and hop.says
    return "" if says == len(spoken) else f"its answer has {len(spoken)} words, and should have {says or 'failed'}"
