"""The soak notices what it is there to notice: leaks and losses are planted here, in a short run."""

from __future__ import annotations

import multiprocessing
import re
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soak.__main__ as soak_command
from here import lacking
from soak.books import unaccounted
from soak.planted import SHORT, found
from soak.run import Report, Server, soak
from soak.watch import settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from soak.settings import Settings

if not Path("/proc/self/statm").exists():
    lacking("memory and open files are read under /proc", "run it on Linux")


@pytest.fixture(scope="module")
def problems() -> str:
    # In a process of its own: next to what a long session of tests holds, what is planted here would be little.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(found).result(timeout=120)


@pytest.mark.parametrize(
    "fault",
    [
        "requests without a record",
        "requests with more than one record",
        "requests seen more often than recorded",
        "requests recorded more often than seen",
        "memory grew by",
        "files stayed open",
        "tasks were left",
        r"content in [1-9]\d* records and [1-9]\d* lines",
    ],
)
def test_what_goes_wrong_is_noticed(fault, problems):
    assert re.search(fault, problems)


def test_a_run_in_which_nothing_goes_wrong_passes():
    report = soak(SHORT)
    assert report.problems == []
    assert {"answer", "stream", "vectors", "InvalidRequest", "StreamBroken"} <= report.ended.keys()
    assert str(report).endswith("passed")


def test_a_connection_that_stays_open_is_noticed(tmp_path):
    server = Server("a", 1, tmp_path / "a")
    try:
        with socket.create_connection(("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))):
            eventually(lambda: server.connections() == 1)
        eventually(lambda: server.connections() == 0)
    finally:
        server.stop()


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


# The parts.


def test_memory_that_grows_by_three_per_cent_after_the_warm_up_is_not_flat():
    warm_up = [50 + index for index in range(30)]
    before, after = settled([*warm_up, *(100 + 3 * index / 67 for index in range(90))])
    assert 0.02 < after / before - 1 < 0.04


def test_growth_in_the_warm_up_and_a_single_peak_do_not_count():
    flat = [100] * 90
    flat[80] = 500
    assert settled([*range(50, 80), *flat]) == (100, 100)


def test_books_that_add_up_leave_nothing_to_say(tmp_path):
    records, arrivals = tmp_path / "records", tmp_path / "a"
    records.write_text("0 a/m:maybe:200\n1 a/m:no: a/m:maybe:\n2\n", encoding="ascii")
    arrivals.write_text("0\n", encoding="ascii")
    assert unaccounted(3, records, {"a/m": arrivals}) == []
    arrivals.write_text("0\n1\n", encoding="ascii")
    assert unaccounted(3, records, {"a/m": arrivals}) == []
    arrivals.write_text("0\n1\n1\n", encoding="ascii")
    assert unaccounted(3, records, {"a/m": arrivals}) == ["1 requests seen more often than recorded, by: ('a/m', 1)"]


@pytest.mark.parametrize(("problems", "code", "last"), [([], 0, "passed"), (["3 tasks were left"], 1, "failed")])
def test_the_command_says_what_was_done_and_exits_accordingly(problems, code, last, monkeypatch, capsys):
    def run(settings: Settings) -> Report:
        return Report(settings, issued=6, seconds=3, ended={"answer": 6}, memory=(100, 101), problems=problems)

    monkeypatch.setattr(soak_command, "soak", run)
    with pytest.raises(SystemExit) as left:
        soak_command.main(["--seconds", "60", "--seed", "7", "--in-flight", "4"])
    shown = capsys.readouterr().out
    assert left.value.code == code
    assert shown.startswith("6 requests in 3 s (2 a second)\n4 in flight, 3 upstreams, seed 7\n")
    assert shown.endswith(f"{last}\n")
    assert all(f"problem: {problem}" in shown for problem in problems)
