"""The figures that have a goal, and the goals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.clients import BASE, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.rounds import Rounds

_MEGABYTE: Final = 1e6
_CALLS: Final = 100_000


class Goal(NamedTuple):
    """The most that a figure should be, and what it is, for a reader."""

    most: float | None
    means: str


GOALS: Final = {
    "chat_c32_vs_aiohttp": Goal(1.3, "CPU of a call over bare aiohttp's, 32 in flight"),
    "chat_c1_vs_aiohttp": Goal(1.25, "the same, one call at a time"),
    "chat200k_c32_vs_aiohttp": Goal(1.2, "the same with a prompt of 200 kB in one message, 32 in flight"),
    "dialogue200k_c32_vs_aiohttp": Goal(None, "the same with a prompt of 200 kB in 100 messages"),
    "stream_c32_vs_aiohttp": Goal(1.35, "CPU of a stream whose 100 chunks come one by one, 32 in flight"),
    "stream_c1_vs_aiohttp": Goal(None, "the same, one stream at a time"),
    "burst_c32_vs_aiohttp": Goal(None, "CPU of a stream whose 100 chunks come all at once, 32 in flight"),
    "chat_c32_vs_litellm_router": Goal(1 / 35, "CPU of a call over litellm.Router's"),
    "chat_c32_vs_tensorzero": Goal(0.55, "CPU of a call over tensorzero's"),
    "chat_c32_vs_pyreqwest": Goal(None, "CPU of a call over bare pyreqwest's, the mark to reach"),
    "plan_us": Goal(20.0, "µs from request to plan, three targets, median"),
    "plan_10k_vs_plan": Goal(1.5, "the same route's plan in a deployment of 10 000 targets, over that"),
    "codec_litellm_vs_openai": Goal(
        5.0, "CPU of writing, guarding and reading 2 kB in the dearest format over openai's"
    ),
    "import_vs_pydantic": Goal(2.5, "CPU of `import zdr_router` over that of `import pydantic`"),
    "import_vs_pydantic_model": Goal(None, "the same over `from pydantic import BaseModel`"),
    "registry_10k_mb": Goal(80.0, "MB over the interpreter with 10 000 targets loaded"),
    "load_vs_pyyaml": Goal(1.3, "CPU of loading a registry over PyYAML's C loader on the same files"),
    "snapshot_vs_load": Goal(0.1, "CPU of loading it from a snapshot over loading its files"),
    "shipped_load_vs_pyyaml": Goal(1.3, "the same as load_vs_pyyaml with the registry that is shipped"),
    "shipped_snapshot_vs_load": Goal(0.1, "the same as snapshot_vs_load with the registry that is shipped"),
    "failover_ms": Goal(1.0, "ms of CPU that a call takes more when its first target answers 500, second call and all"),
    "failover_refused_ms": Goal(1.0, "the same when nobody listens at its first target"),
    "redis_vs_memory": Goal(1.1, "CPU of a call, 32 in flight, with health in Redis over health in memory"),
    "redis_lost_ms": Goal(5.0, "ms by which the 99th percentile of calls grows while Redis has just fallen silent"),
    "rss_growth_mb_per_100k_calls": Goal(1.0, "MB by which memory grows over 100 000 calls"),
}


def all_ratios(
    rounds: Mapping[str, Rounds], starting: Mapping[str, Any], troubled: Mapping[str, Any], growth: float | None
) -> dict[str, float | None]:
    """Every figure of `GOALS`; None where it could not be measured."""
    registry, imports, codecs = starting["registry"], starting["imports"], starting["codecs"]
    figures: dict[str, float | None] = {
        "plan_us": registry["plan_us"],
        "plan_10k_vs_plan": registry["plan_10k_us"] / registry["plan_us"],
        "codec_litellm_vs_openai": None if codecs is None else codecs["codec_litellm_vs_openai"],
        "import_vs_pydantic": imports["vs_pydantic"],
        "import_vs_pydantic_model": imports["vs_pydantic_model"],
        "registry_10k_mb": registry["rss_mb"],
        "load_vs_pyyaml": registry["load_vs_pyyaml"],
        "snapshot_vs_load": registry["snapshot_vs_load"],
        "shipped_load_vs_pyyaml": starting["shipped"]["load_vs_pyyaml"],
        "shipped_snapshot_vs_load": starting["shipped"]["snapshot_vs_load"],
        "failover_ms": troubled["failing"]["failover_ms"],
        "failover_refused_ms": troubled["failing"]["failover_refused_ms"],
        "redis_vs_memory": troubled["sharing"].get("redis_vs_memory"),
        "redis_lost_ms": troubled["sharing"].get("redis_lost_ms"),
        "rss_growth_mb_per_100k_calls": None if growth is None else growth * _CALLS / _MEGABYTE,
    }
    for name in GOALS:
        load, versus, other = name.partition("_vs_")
        if versus and name not in figures:
            figures[name] = rounds[load].ratio(OURS, other) if load in rounds else None
    return {name: None if figures[name] is None else round(float(figures[name] or 0.0), 4) for name in GOALS}


def by_load(rounds: Mapping[str, Rounds], names: list[str]) -> dict[str, dict[str, dict[str, float | None]]]:
    """What every client took under every load: µs and ms, medians, and how many rounds they come from."""
    return {
        load: {
            name: {
                "cpu_us": _scaled(taken.median(taken.cpu, name), 1e6),
                "vs_aiohttp": _scaled(taken.ratio(name, BASE), 1.0),
                "first_chunk_ms": _scaled(taken.median(taken.first_chunk, name), 1e3),
                "wall_us": _scaled(taken.median(taken.wall, name), 1e6),
                "rounds": sum(name in each for each in taken.cpu),
            }
            for name in names
            if any(name in each for each in taken.cpu)
        }
        for load, taken in rounds.items()
    }


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 3)
