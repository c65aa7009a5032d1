"""The figures that have a goal, and the goals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks.gateway.servers import BARE, LITELLM, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Goal(NamedTuple):
    """What a figure should be at least or at most, if anything, and what it is, for a reader."""

    means: str
    least: float | None = None
    most: float | None = None

    def is_met(self, value: float | None) -> bool | None:
        """Whether it is; None where there is nothing to say."""
        if value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def bound(self) -> str:
        """For a reader."""
        if self.least is not None:
            return f"≥ {self.least:g}"
        return "" if self.most is None else f"≤ {self.most:g}"


GOALS: Final = {
    "c32_throughput_vs_bare": Goal("requests a second over the bare pass-through's, 32 connections", least=0.75),
    "c32_throughput_vs_litellm": Goal("the same over those of litellm's proxy", least=40.0),
    "c32_added_cpu_us": Goal("µs of CPU of a request beyond the bare pass-through's, 32 connections", most=90.0),
    "c32_cpu_vs_bare": Goal("CPU of a request over the bare pass-through's, 32 connections"),
    "c1_throughput_vs_bare": Goal("requests a second over the bare pass-through's, one connection"),
    "c256_throughput_vs_bare": Goal("the same with 256 connections"),
    "pieces_added_cpu_us": Goal("µs of CPU of a stream of 100 chunks that come one by one, beyond the bare one's"),
    "burst_added_cpu_us": Goal("the same with 100 chunks that come all at once"),
    "streams_broken": Goal("streams that did not come whole, of those that were held at a time", most=0.0),
    "streams_at_a_time": Goal("the most of them that were open at a time", least=500.0),
    "rss_growth_mb_per_100k": Goal("MB by which memory grows over 100 000 requests", most=1.0),
    "start_s": Goal("seconds from the start of `zdr serve` to its first 200 at /readyz", most=1.0),
}


def figures(result: Mapping[str, Any]) -> dict[str, float | None]:
    """Every figure of `GOALS`; None where it was not measured."""

    def of(load: str, value: str, base: str = BARE) -> float | None:
        told: float | None = result["loads"].get(load, {}).get(OURS, {}).get(f"{value}_{base}")
        return told

    held = result["held"].get(OURS, {})
    return {
        "c32_throughput_vs_bare": of("chat_c32", "throughput_vs"),
        "c32_throughput_vs_litellm": of("chat_c32_litellm", "throughput_vs", LITELLM),
        "c32_added_cpu_us": of("chat_c32", "added_cpu_us_over"),
        "c32_cpu_vs_bare": of("chat_c32", "cpu_vs"),
        "c1_throughput_vs_bare": of("chat_c1", "throughput_vs"),
        "c256_throughput_vs_bare": of("chat_c256", "throughput_vs"),
        "pieces_added_cpu_us": of("stream_c32", "added_cpu_us_over"),
        "burst_added_cpu_us": of("burst_c32", "added_cpu_us_over"),
        "streams_broken": held.get("broken"),
        "streams_at_a_time": held.get("most_at_a_time"),
        "rss_growth_mb_per_100k": result["growth"].get("mb_per_100k"),
        "start_s": result["start"].get("seconds"),
    }
