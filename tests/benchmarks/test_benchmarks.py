"""The benchmark runs: every figure that needs nobody else's package is there, nobody is dropped in silence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zdr_router.registry.vocabulary.dialects import DIALECTS

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]
NEED_OTHERS = {
    "chat_c32_vs_litellm_router",
    "chat_c32_vs_tensorzero",
    "chat_c32_vs_pyreqwest",
}
NEED_REDIS = {"redis_vs_memory", "redis_lost_ms"}
MAY_BE_NEGATIVE = {"rss_growth_mb_per_100k_calls", "redis_lost_ms"}
NOT_IN_TINY = {
    "dialogue200k_c32_vs_aiohttp",
    "stream_c1_vs_aiohttp",
    "burst_c32_vs_aiohttp",
    "codec_litellm_vs_openai",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "--effort", "tiny", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """One run of the smallest size, with a client that most likely is not installed."""
    finished = run("--json", "--only", "aiohttp,ours,tensorzero")
    assert finished.returncode == 0, finished.stderr
    (line,) = finished.stdout.splitlines()
    return json.loads(line)


def test_every_figure_that_needs_nobody_else_is_measured(result: dict[str, Any]) -> None:
    ratios = result["ratios"]
    missing = {name for name, value in ratios.items() if value is None}
    assert missing <= NEED_OTHERS | NOT_IN_TINY | NEED_REDIS
    assert all(value > 0 for name, value in ratios.items() if value is not None and name not in MAY_BE_NEGATIVE)


def test_what_redis_costs_is_measured_or_said_to_be_absent(result: dict[str, Any]) -> None:
    for name in NEED_REDIS:
        assert (result["ratios"][name] is None) == ("health in Redis" in result["absent"])


def test_a_call_that_fails_over_costs_more_than_one_that_need_not(result: dict[str, Any]) -> None:
    taken = result["troubled"]["failing"]
    assert min(taken["failed_us"], taken["refused_us"]) > taken["direct_us"]


def test_every_goal_is_a_figure(result: dict[str, Any]) -> None:
    assert result["goals"].keys() == result["ratios"].keys()


def test_a_client_is_measured_or_said_to_be_absent(result: dict[str, Any]) -> None:
    for name in ("aiohttp", "ours", "tensorzero"):
        assert (name in result["loads"]["chat_c32"]) != bool(result["absent"].get(name))


def test_streams_tell_when_their_first_chunk_came(result: dict[str, Any]) -> None:
    assert result["loads"]["stream_c32"]["ours"]["first_chunk_ms"] > 0


def test_the_mock_says_how_fast_it_is(result: dict[str, Any]) -> None:
    assert result["mock"]["capacity"]["chat_c32"]["calls_per_second"] > 0


def test_an_unknown_client_is_an_error_that_names_those_there_are() -> None:
    finished = run("--only", "curl")
    assert finished.returncode == 2
    assert "no such client: curl" in finished.stderr
    assert "aiohttp" in finished.stderr


def test_every_wire_format_makes_the_round_trip() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.codecs", "1"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    assert figures["codec_us"].keys() == {"openai", *DIALECTS}
    assert figures["codec_litellm_vs_openai"] == max(figures["codec_vs_openai"].values()) > 1
