"""Runs the contract against targets, and says what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from zdr_router.conformance.contract.bench import Bench
from zdr_router.conformance.contract.book import Check, live_checks, wire_checks
from zdr_router.conformance.contract.session import USUAL, Length, Session
from zdr_router.conformance.contract.verdict import Verdict, failed, skipped
from zdr_router.driver.codecs import spoken
from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from zdr_router.deployment import Deployment
    from zdr_router.policy.target import Target

SCOPE: Final = "This tests the shape of requests and answers. It cannot see what a provider stores."
"""What comes first in every report."""

BAD_KEY: Final = "ZDC106"
"""The check that sends a made-up key to the provider, which has to be asked for."""

_CHAT: Final = "chat.completions"


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check of one target."""

    target: str
    check: Check
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """Every result, in order."""

    results: tuple[Result, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many passed, failed and were skipped."""
        return Counter(result.verdict.status for result in self.results)

    @property
    def sound(self) -> bool:
        """Whether nothing failed, and something passed."""
        return self.counts["failed"] == 0 and self.counts["passed"] > 0

    @property
    def summary(self) -> str:
        """One line: what was looked at, and what came of it."""
        counts, targets = self.counts, len({result.target for result in self.results})
        scope = f"{_count(targets, 'target')}, {_count(len(self.results), 'check')}"
        return f"{scope}: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"


@dataclass(frozen=True, slots=True)
class Demand:
    """What to run. `bad_key`: also the live check that sends a made-up key."""

    wire: bool = True
    live: bool = False
    bad_key: bool = False
    length: Length = USUAL


def targets_of(deployment: Deployment, name: str) -> tuple[Target, ...]:
    """The targets that `name` stands for: a route, or a target of one, as account/model; nothing if it is neither.

    Raises `ConfigError` for a target that the contract is not about.
    """
    route = deployment.routes.get(name)
    found = route.targets if route is not None else tuple(each for each in deployment.targets if each.id == name)
    problems = [problem for each in found if (problem := _unfit(each)) is not None]
    if problems:
        raise ConfigError(problems)
    return found


def _unfit(target: Target) -> Problem | None:
    """Why the contract cannot be tested with this target at all."""
    configuration = target.configuration
    if _CHAT not in configuration.endpoints:
        what = f"{target.id}: the configuration does not cover {_CHAT}, which the contract is about"
        return _problem(what, target.source.at("endpoints"), "name a target that answers chats")
    if configuration.dialect not in spoken():
        what = f"{target.id}: this build does not speak {configuration.dialect}"
        return _problem(what, target.source.at("dialect"), 'name another target, or install "zdr-router[litellm]"')
    return None


def _problem(what: str, where: str, fix: str) -> Problem:
    file, _, line = where.rpartition(":")
    return Problem(what, file=file, line=int(line), fix=fix) if line.isdigit() else Problem(what, file=where, fix=fix)


def most_requests(demand: Demand, targets: Sequence[Target]) -> int:
    """How many requests the live checks send to providers at most."""
    if not demand.live:
        return 0
    each = sum(check.requests for check, _ in live_checks() if check.id != BAD_KEY or demand.bad_key)
    return each * len(targets)


async def run(deployment: Deployment, targets: Sequence[Target], demand: Demand) -> Report:
    """Hold each target against the contract. Raises `ConfigError` where one cannot be set up."""
    results: list[Result] = []
    for target in targets:
        if demand.wire:
            results += await _on_the_wire(deployment, target)
        if demand.live:
            results += await _live(deployment, target, demand)
    return Report(tuple(results))


async def _on_the_wire(deployment: Deployment, target: Target) -> list[Result]:
    results: list[Result] = []
    for check, look in wire_checks():
        # A bench for each: no check may lean on what another one left behind.
        async with Bench(deployment, target) as bench:
            results.append(Result(target.id, check, await judge(look, bench)))
    return results


async def _live(deployment: Deployment, target: Target, demand: Demand) -> list[Result]:
    results: list[Result] = []
    async with Session(deployment, target, demand.length) as session:
        for check, look in live_checks():
            verdict = skipped("a made-up key is sent only with --with-bad-key")
            if check.id != BAD_KEY or demand.bad_key:
                verdict = await judge(look, session)
            results.append(Result(target.id, check, verdict))
    return results


async def judge(look: Callable[[S], Awaitable[Verdict]], subject: S) -> Verdict:
    """What the check says. An error that it does not expect is a failure; only its name is told."""
    try:
        return await look(subject)
    except Exception as error:  # noqa: BLE001 - whatever it is, it came out of the router
        return failed(f"the router raised {type(error).__name__}, where it should have answered or told why not")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
