"""A short run of the measure of what stays in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import here
import pytest

from zdr_router.hardening.allocator import is_glibc

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _glibc():
    if sys.platform != "linux" or not is_glibc():
        here.lacking("only a process on Linux with glibc can be hardened", "run this there")


def measured(*options):
    command = [sys.executable, "-m", "benchmarks.residue", "--quick", "--json", "--only", "hardened", *options]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=55).stdout)


def test_no_call_leaves_a_copy_in_a_hardened_process():
    ways = ("whole", "stream", "left", "error")
    assert [(row["kind"], row["calls"], row["where"]) for row in measured()] == [
        (f"2 kB, {way}", 0, {}) for way in ways
    ]


def test_the_measure_finds_what_a_worker_keeps():
    assert [(row["calls"], row["answers"]) for row in measured("--keep")] == [(1, 1)] * 4
