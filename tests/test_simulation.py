"""A slice of the simulation for every scenario, and faults planted in the code, each of which it has to notice.

`make simulation` runs the amount that shows anything; see docs/simulation.md.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import subprocess
import sys
from math import inf
from pathlib import Path
from types import MappingProxyType

import pytest
from simulated.fates import FAULTS
from simulated.figures import share
from simulated.scenarios import SCENARIOS
from simulated.world import World

from zdr_router.dialects.openai_stream import ChatStreamDecoder
from zdr_router.driver.attempt import Sender
from zdr_router.driver.books import Books
from zdr_router.driver.engine import Engine
from zdr_router.driver.gate import HealthGate
from zdr_router.driver.ledger import Ledger
from zdr_router.driver.stream import _Upstream
from zdr_router.driver.terms import Terms
from zdr_router.metadata import Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.routing.failures import CONSEQUENCES, Consequence
from zdr_router.routing.health import UNKNOWN, step
from zdr_router.routing.queue import Opening

SCRIPT = Path(__file__).parent / "simulation.py"
SLICE = 1200
ENOUGH_TO_NOTICE = 2000


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """What is logged about contradictions is part of the play."""
    caplog.set_level(logging.CRITICAL, "zdr_router")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_that_must_hold_is_broken(scenario):
    report = World(scenario, seed=1).run(SLICE)
    assert report.violations == []
    assert report.counts["requests"] == SLICE


def test_every_fault_that_is_modelled_happens():
    seen = set()
    for seed in range(1, 20):
        seen |= World("faults", seed).run(1500).faults.keys() | World("trust", seed).run(500).faults.keys()
        if seen >= FAULTS.keys():
            return
    assert seen >= FAULTS.keys()


def test_what_happens_to_a_fleet_happens():
    counts = World("everything", seed=1).run(4000).counts
    for what in (
        "revocations",
        "unreadable",
        "jumps",
        "partitions",
        "restarts",
        "isolations",
        "cancelled",
        "left early",
        "Refused",
    ):
        assert counts[what], what


def test_the_same_seed_brings_the_same_run():
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        "from simulated.world import World\n"
        "print(World('everything', 3).run(400).trail)\n"
    )
    trails = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(salt)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in (1, 2)
    }
    assert len(trails) == 1
    assert World("everything", 3).run(400).trail == int(trails.pop())
    assert World("everything", 4).run(400).trail != World("everything", 3).run(400).trail


def test_the_command_says_how_to_bring_a_broken_rule_back():
    asked = [sys.executable, str(SCRIPT), "--seed", "5", "--only", "calm", "--requests", "200", "--jobs", "1"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 requests" in done.stdout
    assert "no rule was broken" in done.stdout


def test_a_share_comes_with_what_chance_leaves_open():
    measured = share(99_990, 100_000)
    assert measured.measured == pytest.approx(0.9999)
    assert measured.low < 0.9999 < measured.high
    assert measured.high - measured.low < 0.0002
    assert share(10, 10).low < 1.0 == share(10, 10).high


# --- faults planted in the code: a simulation that notices none of them shows nothing ---------------------------------


def noticed(scenario: str, *, seeds: int = 3, enough: int = 1, world=World) -> set[str]:
    """The rules that are broken first, in the first run that breaks any."""
    for seed in range(1, seeds + 1):
        report = world(scenario, seed).run(ENOUGH_TO_NOTICE, enough=enough)
        if report.violations:
            return {each.rule for each in report.violations}
    return set()


def test_it_notices_a_clearance_that_never_lapses(monkeypatch):
    monkeypatch.setattr(Clearance, "holds", lambda *_: True)
    assert "cleared" in noticed("trust")


def test_it_notices_a_revocation_that_is_not_looked_at(monkeypatch):
    monkeypatch.setattr("zdr_router.policy.standing.subjects", lambda _target: iter(()))
    assert "cleared" in noticed("fleet")


def test_it_notices_a_trust_state_that_is_not_looked_at_again(monkeypatch):
    monkeypatch.setattr("zdr_router.state.trust_file.LOOK_AFTER", 3.0)
    assert "cleared" in noticed("trust")


def test_it_notices_a_trust_state_that_is_believed_although_it_lacks_changes(monkeypatch):
    monkeypatch.setattr("zdr_router.state.trust_view.follows", lambda *_: True)
    assert "cleared" in noticed("trust", seeds=6)


def test_it_notices_a_clock_that_goes_back(monkeypatch):
    monkeypatch.setattr("zdr_router.policy.clearing.Clearing.timely", lambda *_: True)
    assert "cleared" in noticed("clock")


def test_it_notices_a_contradiction_that_is_forgotten(monkeypatch):
    monkeypatch.setattr("zdr_router.state.trust_file.FileTrust.contradict", lambda *_: None)
    monkeypatch.setattr("simulated.fleet.WatchedTrust._tell", lambda _self: None)
    assert "cleared" in noticed("trust")


def test_it_notices_a_stream_that_goes_on_after_a_revocation(monkeypatch):
    monkeypatch.setattr(Terms, "may_go_on", lambda *_: True)
    assert "cut" in noticed("fleet", seeds=6)


def test_it_notices_content_of_another_request(monkeypatch):
    real, last = Sender.ask, []

    async def ask(sender, clearance, head, deadline):
        last.append(clearance)
        return await real(sender, last[-2] if len(last) % 50 == 49 else clearance, head, deadline)

    monkeypatch.setattr(Sender, "ask", ask)
    assert "cleared" in noticed("calm")


def test_it_notices_a_deadline_that_is_dropped(monkeypatch):
    real = Sender.send
    monkeypatch.setattr(
        Sender,
        "send",
        lambda self, clearance, deadline, *, stream: real(self, clearance, deadline + 30.0, stream=stream),
    )
    assert "deadline" in noticed("callers")


class Unbounded(World):
    """Its routes allow any number of attempts, and nobody told the witness."""

    def __init__(self, name, seed):
        super().__init__(name, seed)
        routes = {name: dataclasses.replace(route, max_attempts=99) for name, route in self._made.routes.items()}
        for worker in self.workers:
            worker.engine.terms.deployment = dataclasses.replace(self._made, routes=MappingProxyType(routes))


def test_it_notices_more_attempts_than_the_route_allows():
    assert "bounded" in noticed("outages", world=Unbounded)


def test_it_notices_a_request_that_is_not_recorded(monkeypatch):
    monkeypatch.setattr(Engine, "abandon", lambda _self, course, at: course.ledger.close(499, None, at))
    assert "recorded" in noticed("callers")


def test_it_notices_a_request_that_is_recorded_twice(monkeypatch):
    real = Books.record

    def record(engine, metadata):
        real(engine, metadata)
        if metadata.error_code == "exhausted":
            real(engine, metadata)

    monkeypatch.setattr(Books, "record", record)
    assert "recorded" in noticed("faults")


def test_it_notices_an_attempt_that_is_not_listed(monkeypatch):
    real = Ledger.attempted

    def attempted(ledger, clearance, ended, *instants):
        if ended.outcome is not Outcome.TRANSIENT:
            real(ledger, clearance, ended, *instants)

    monkeypatch.setattr(Ledger, "attempted", attempted)
    assert "recorded" in noticed("faults")


def test_it_notices_who_goes_round_a_no(monkeypatch):
    monkeypatch.setitem(CONSEQUENCES, Outcome.PROVIDER_REFUSAL, Consequence(moves_on=True, hurts=False))
    assert "a no is a no" in noticed("faults")


def test_it_notices_an_answer_cut_short_that_passes_for_whole(monkeypatch):
    monkeypatch.setattr(ChatStreamDecoder, "end", lambda _self: Outcome.OK)
    assert "one voice" in noticed("faults")


def test_it_notices_an_answer_that_does_not_show_what_it_should(monkeypatch):
    monkeypatch.setattr("zdr_router.driver.attempt.shown", lambda *_: True)
    assert "one voice" in noticed("trust")


def test_it_notices_who_goes_on_after_the_caller_has_left(monkeypatch):
    real = Engine.answer

    async def answer(engine, ask, sender):
        return await asyncio.shield(asyncio.ensure_future(real(engine, ask, sender)))

    monkeypatch.setattr(Engine, "answer", answer)
    assert {"recorded", "closed", "left"} & noticed("callers")


def test_it_notices_a_connection_that_is_not_closed(monkeypatch):
    monkeypatch.setattr(_Upstream, "close", lambda _self: None)
    assert "closed" in noticed("callers")


def test_it_notices_a_target_that_never_gets_another_chance(monkeypatch):
    real = HealthGate.opening

    def opening(gate, clearance, at):
        never = gate._health._known.get(clearance.target.id, UNKNOWN).ejections > 0
        return Opening(inf, inf) if never else real(gate, clearance, at)

    monkeypatch.setattr(HealthGate, "opening", opening)
    assert "starving" in noticed("outages")


def test_it_notices_a_target_that_is_not_left_alone(monkeypatch):
    monkeypatch.setattr(HealthGate, "opening", lambda _gate, _clearance, at: Opening(at, at))
    assert "left alone" in noticed("outages")


def test_it_notices_an_ejection_for_nothing(monkeypatch):
    def hasty(health, event, now, settings):
        after = step(health, event, now, settings)
        return after._replace(ejected_until=now + 1.0) if event.kind == "succeeded" else after

    monkeypatch.setattr("zdr_router.state.memory.step", hasty)
    assert "breaker" in noticed("faults")


def test_it_notices_a_foreign_error(monkeypatch):
    real = Ledger.close

    def close(ledger, status, code, at):
        if code == "stream_broken":
            raise KeyError(code)
        return real(ledger, status, code, at)

    monkeypatch.setattr(Ledger, "close", close)
    assert "foreign error" in noticed("faults")


def test_it_notices_a_task_that_is_left_behind(monkeypatch):
    real = Books.record

    def record(engine, metadata):
        real(engine, metadata)
        engine.left = asyncio.get_running_loop().create_task(asyncio.sleep(1e6))

    monkeypatch.setattr(Books, "record", record)
    assert "no task left" in noticed("calm", seeds=1)


def test_it_notices_who_waits_for_ever(monkeypatch):
    async def ask(*_):
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(Sender, "ask", ask)
    monkeypatch.setattr(World, "_chores", lambda _self: [])
    assert "no task left" in noticed("calm", seeds=1)
