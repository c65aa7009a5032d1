"""Events and settings of health, drawn by hypothesis. `not_before` is counted from the instant of the event."""

from __future__ import annotations

from hypothesis import strategies as st

from zdr_router.routing.health import HealthEvent
from zdr_router.routing.settings import HealthSettings

CLOSING = ("succeeded", "failed", "throttled", "abandoned")
"""What frees the place of a probe."""

events = st.one_of(
    st.builds(HealthEvent, st.just("succeeded"), st.just(0.0), st.one_of(st.none(), st.floats(0.0, 100.0))),
    st.builds(HealthEvent, st.sampled_from(["started", "failed", "failed", "abandoned", "asked"])),
    st.builds(HealthEvent, st.just("throttled"), st.floats(-10.0, 1000.0)),
    st.builds(HealthEvent, st.sampled_from(["isolated", "released"])),
)

seconds = st.floats(0.5, 400.0)
settings = st.builds(
    HealthSettings,
    window=seconds,
    failure_ratio=st.floats(0.01, 1.0),
    minimum_throughput=st.integers(1, 12),
    consecutive_failures=st.integers(1, 6),
    eject_for=seconds,
    longest_ejection=seconds,
    longest_throttle=seconds,
)
