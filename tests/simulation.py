"""Runs the router under virtual time with seeded faults, and checks what must hold of every request.

    python tests/simulation.py [--seed 7] [--seeds 10] [--requests 20000] [--only SCENARIO] [--jobs 2]

Each seed runs every scenario, with `--requests` shared out among them; `--seeds N` takes N seeds from `--seed` on. The
same seed brings the same run. Prints every rule that was broken with the command that brings it back, and exits with 1
if there is any. See docs/simulation.md.
"""

# ruff: noqa: T201 - it talks to a person

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from simulated.figures import share
from simulated.scenarios import SCENARIOS
from simulated.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulated.world import Report

FIGURE = "one in five"
GOAL = 0.9999


def run(task: tuple[str, int], requests: int) -> Report:
    """One scenario under one seed."""
    # What the router logs about contradictions and lost stores is part of the play.
    logging.getLogger("zdr_router").setLevel(logging.CRITICAL)
    scenario, seed = task
    return World(scenario, seed).run(requests)


def command(report: Report, requests: int) -> str:
    """What brings a run back."""
    return f'python tests/simulation.py --seed {report.seed} --only "{report.scenario}" --requests {requests}'


def tell(reports: Iterable[Report], requests: int) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Print what each run came to as it ends, and give the sums: of counts, of faults, of the figure."""
    counts, faults, figure = Counter[str](), Counter[str](), Counter[str]()
    for report in reports:
        counts.update(report.counts)
        faults.update(report.faults)
        if report.scenario == FIGURE:
            figure.update(report.counts)
        for each in report.violations:
            print(f"BROKEN {each.rule}: seed {report.seed}, {report.scenario}, request {each.journey}: {each.how}")
        if report.violations:
            print(f"  {report.counts['violations']} in this run; again: {command(report, requests)}", flush=True)
    return counts, faults, figure


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the router under virtual time with seeded faults.")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="how many seeds, from the first on")
    parser.add_argument("--requests", type=int, default=20_000, metavar="N", help="requests for each seed")
    parser.add_argument("--only", choices=sorted(SCENARIOS), metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many processes")
    parser.add_argument("--faults", action="store_true", help="say how often each fault came")
    asked = parser.parse_args()
    chosen = [asked.only] if asked.only else list(SCENARIOS)
    each = max(1, asked.requests // len(chosen))
    tasks = [(name, seed) for seed in range(asked.seed, asked.seed + asked.seeds) for name in chosen]
    began = time.monotonic()
    with ProcessPoolExecutor(min(asked.jobs, len(tasks))) as pool:
        counts, faults, figure = tell(pool.map(partial(run, requests=each), tasks), each)
    seconds = time.monotonic() - began
    if asked.faults:
        print("\n".join(f"{number:8d}  {name}" for name, number in faults.most_common()))
    print(f"{counts['requests']} requests, {counts['sends']} sends, {faults.total()} faults in {seconds:.0f}s")
    if figure:
        print(f"answered where each attempt fails one time in five: {share(figure['answered'], figure['requests'])}")
    print(f"{counts['violations']} rules broken" if counts["violations"] else "no rule was broken")
    return 1 if counts["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
