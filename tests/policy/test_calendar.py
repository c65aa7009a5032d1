"""Days as instants, and the next instant at which something changes."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from zdr_router.policy.calendar import FOREVER, Horizon, end_of, start_of


@given(st.dates(dt.date(1971, 1, 1), dt.date(2200, 1, 1)))
def test_a_day_ends_where_the_next_one_starts(day):
    assert end_of(day) == start_of(day + dt.timedelta(days=1))
    assert dt.datetime.fromtimestamp(start_of(day), dt.UTC).isoformat() == f"{day}T00:00:00+00:00"


@given(st.lists(st.floats(-1e9, 1e9)), st.floats(-1e9, 1e9))
def test_a_horizon_ends_at_the_first_instant_still_to_come(instants, now):
    horizon = Horizon(now)
    assert [horizon.passed(instant) for instant in instants] == [instant <= now for instant in instants]
    assert horizon.until == min((instant for instant in instants if instant > now), default=FOREVER)


def test_at_no_known_time_nothing_has_started():
    assert not Horizon(float("nan")).passed(0.0)
