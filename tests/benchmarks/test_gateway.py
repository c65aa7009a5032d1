"""The benchmark of the gateway runs, measures what it says, and notices servers that answer something else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import here
import pytest
from benchmarks.gateway.answers import STREAMED, WrongAnswer, check, what_is_wrong
from benchmarks.gateway.goals import GOALS, Goal
from benchmarks.gateway.held import hold
from benchmarks.gateway.rounds import Rounds, Turn
from benchmarks.gateway.servers import Caller, Server
from benchmarks.gateway.wrk import Wrk, WrkFailed
from benchmarks.loads import LOADS
from benchmarks.server import MockServer

here.needs_extra("gateway", "uvicorn", "starlette")
here.needs_extra("store", "sqlalchemy", "aiosqlite")

from benchmarks.gateway.bare import http_implementation  # noqa: E402 - as above
from uvicorn.config import HTTP_PROTOCOLS  # noqa: E402 - after what may skip
from uvicorn.importer import import_from_string  # noqa: E402 - as above

from zdr_router.hosts.gateway.serving.protocol import PatientProtocol  # noqa: E402 - as above

ROOT = Path(__file__).parents[2]
STREAMS = 20
BY_WRK = {
    "c32_throughput_vs_bare",
    "c32_added_cpu_us",
    "c32_cpu_vs_bare",
}
NOT_IN_TINY = {
    "c32_throughput_vs_litellm",
    "c1_throughput_vs_bare",
    "c256_throughput_vs_bare",
    "pieces_added_cpu_us",
    "burst_added_cpu_us",
    "rss_growth_mb_per_100k",
}

pytestmark = pytest.mark.timeout(180)
"""Whichever test comes first waits for the run, which starts servers for half a minute."""


@pytest.fixture(autouse=True, scope="module")
def _proc():
    if not Path("/proc/self/stat").exists():
        here.lacking("the CPU of another process is read in /proc", "run this on Linux")


@pytest.fixture(scope="module")
def result():
    """One run of the smallest size."""
    command = [sys.executable, "-m", "benchmarks.gateway", "--effort", "tiny", "--json"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.fixture(scope="module")
def mock():
    with MockServer(None) as server:
        yield server


def as_server(mock, path="/v1/chat/completions"):
    """The mock itself in the place of a server that passes on what it says."""
    return Server(SimpleNamespace(port=mock.port, cpu=lambda: 0.0), Caller("x"), path)


def test_what_the_smallest_run_can_measure_is_measured(result):
    assert result["figures"].keys() == result["met"].keys() == GOALS.keys()
    missing = {name for name, value in result["figures"].items() if value is None}
    assert missing == (NOT_IN_TINY if shutil.which("wrk") else NOT_IN_TINY | BY_WRK)


def test_what_is_not_measured_is_said_to_be_absent_with_the_reason(result):
    assert "litellm" in result["absent"]
    if shutil.which("wrk"):
        assert result["absent"]["chat_c256"] == "not measured with effort tiny"
    else:
        assert "wrk is not installed" in result["absent"]["every load, and memory"]


def test_a_request_through_the_gateway_costs_more_than_through_nothing(result):
    if not shutil.which("wrk"):
        here.lacking("wrk is not installed", "apt-get install wrk")
    loads = result["loads"]["chat_c32"]
    assert loads["ours"]["cpu_us"] > loads["bare"]["cpu_us"] > 0


def test_streams_that_are_held_come_whole_and_are_open_together(result):
    held = result["held"]["ours"]
    assert (held["streams"], held["most_at_a_time"], held["why"]) == (STREAMS, STREAMS, {})


def test_the_pass_through_speaks_http_as_the_gateway_does():
    name = http_implementation()
    assert name in {"h11", "httptools"}
    assert issubclass(PatientProtocol, import_from_string(HTTP_PROTOCOLS[name]))


@pytest.mark.parametrize("load", ["chat_c32", "stream_c32", "burst_c32"])
def test_what_the_mock_says_is_right(mock, load):
    check(as_server(mock), LOADS[load])


def test_a_server_that_answers_an_error_is_not_measured(mock):
    failing = as_server(mock, "/failing/v1")
    with pytest.raises(WrongAnswer, match="status 500"):
        check(failing, LOADS["chat_c32"])


def test_a_load_that_is_answered_with_errors_is_no_figure(mock, tmp_path):
    failing = as_server(mock, "/failing/v1")
    if not shutil.which("wrk"):
        here.lacking("wrk is not installed", "apt-get install wrk")
    with pytest.raises(WrkFailed, match="not answered with 2xx"):
        Wrk(tmp_path).run(failing.url, failing.caller.body(LOADS["chat_c32"]), failing.caller.head(), 2, 1)


def test_a_stream_that_is_refused_counts_as_broken(mock):
    held = hold(as_server(mock, "/failing/v1"), 3)
    assert (held["broken"], held["most_at_a_time"]) == (3, 0)


def events(*datas):
    return b"".join(
        b"data: %s\n\n" % (data if isinstance(data, bytes) else json.dumps(data).encode()) for data in datas
    )


def chunk(text):
    return {"choices": [{"delta": {"content": text}}]}


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (events(chunk(STREAMED), b"[DONE]"), None),
        (events(chunk(STREAMED)), "without [DONE]"),
        (events(chunk(STREAMED[:-3]), b"[DONE]"), "characters came"),
        (events(chunk(STREAMED), {"error": {}}, b"[DONE]"), "is an error"),
        (b"", "without [DONE]"),
    ],
    ids=["whole", "cut", "short", "error", "empty"],
)
def test_a_stream_is_whole_or_it_is_said_what_is_wrong(stream, why):
    wrong = what_is_wrong(stream)
    assert wrong is None if why is None else why in wrong


def test_ratios_are_taken_within_rounds():
    taken = Rounds([{"one": Turn(rate, 3e-4, 1, 1), "base": Turn(base, 1e-4, 1, 1)} for rate, base in RATES])
    assert taken.against("one", "base", lambda one, base: one.per_second / base.per_second) == 0.5


RATES = [(10, 20), (1000, 2000), (1, 2), (900, 100)]
"""The last round was disturbed; the medians of both sides would give another ratio."""


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal("", least=2), 2, True),
        (Goal("", least=2), 1.9, False),
        (Goal("", most=2), 2, True),
        (Goal("", most=2), 2.1, False),
        (Goal("", most=2), None, None),
        (Goal(""), 2, None),
    ],
)
def test_a_goal_is_met_or_missed_or_there_is_nothing_to_say(goal, value, met):
    assert goal.is_met(value) is met
