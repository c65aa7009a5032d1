from __future__ import annotations

import datetime as dt

from catalogue import DAY, everything
from deployments import configuration, registry

from zdr_router.site.rows import choices, groups
from zdr_router.site.timeline import timeline


def rows(declared, today=DAY):
    return [row for group in groups(declared, today) for row in group.rows]


def test_days_are_in_order_and_say_how_they_stand_to_today():
    found = timeline(rows(everything()), DAY)
    told = [(str(day.date), day.days, day.lapses, len(day.rows)) for day in found.days]
    assert told == [
        ("2026-11-21", -1, "lapsed", 2),
        ("2026-11-22", 0, "soon", 1),
        ("2026-12-22", 30, "soon", 1),
        ("2026-12-30", 38, "later", 1),
    ]
    assert [row.configuration.id for row in found.undated] == ["own/run"]


def test_places_on_the_line_keep_the_order_and_the_distances_of_the_days():
    found = timeline(rows(everything()), DAY)
    first, today, *_, last = (day.at for day in found.days)
    assert 0 < first < today == found.today < last < 100
    assert abs((last - today) / (today - first) - 38) < 1
    assert max(day.height for day in found.days) == found.days[0].height
    assert [str(month) for month, _ in found.months] == ["2026-12-01", "2027-01-01"]


def test_where_nothing_has_a_last_day_there_is_only_today():
    found = timeline([], DAY)
    assert (found.days, found.undated, found.today) == ((), (), 50.0)


def test_providers_are_sorted_by_name_and_their_configurations_as_declared():
    declared = registry(*(configuration(name) for name in ("zeta/b", "alpha/x", "zeta/a")))
    found = groups(declared, DAY)
    assert [row.configuration.id for group in found for row in group.rows] == ["alpha/x", "zeta/b", "zeta/a"]


def test_what_can_clear_today_is_counted():
    counted = {group.provider.id: group.clearable for group in groups(everything(), DAY)}
    assert counted == {"acme": 2, "gate": 0, "own": 1}


def test_a_region_is_unknown_unless_somebody_says_it():
    hosts = ["https://{region}.api.example.com/v1"]
    declared = registry(
        configuration("a/listed", regions=["eu"], hosts=hosts),
        configuration("a/by-host", regions=[], hosts=hosts),
        configuration("a/unknown", regions=[]),
    )
    assert [row.regions for row in rows(declared)] == [["eu"], ["account"], ["unknown"]]


def test_filters_offer_what_occurs():
    found = choices(rows(everything()))
    assert found.regions == ["eu", "us", "account", "unknown"]
    assert found.media == ["none", "host_memory", "disk"]
    assert found.grades == ["documented", "claimed"]
    assert found.abilities == ["stream", "tools", "json", "images", "logprobs", "reasoning"]


def test_a_row_says_how_far_off_its_last_day_is():
    declared = registry(configuration("a/zdr"))
    (row,) = rows(declared)
    (later,) = rows(declared, row.expires + dt.timedelta(1))
    assert (later.days, later.lapses) == (-1, "lapsed")
