"""For how long a provider's rate limits leave nothing."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from zdr_router.routing.rate_headers import rest

NOW = 1_800_000_000.0
OPENAI = {
    "x-ratelimit-limit-requests": "5000",
    "x-ratelimit-limit-tokens": "160000",
    "x-ratelimit-remaining-requests": "4999",
    "x-ratelimit-remaining-tokens": "159976",
    "x-ratelimit-reset-requests": "12ms",
    "x-ratelimit-reset-tokens": "9ms",
}
NAMES = [
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-limit",
    *OPENAI,
    "x-ratelimit-remaining-tokens-minute",
    "x-ratelimit-reset-tokens-minute",
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
]


def instant(seconds: float, zone: str = "Z") -> str:
    date = dt.datetime.fromtimestamp(NOW + seconds, dt.UTC)
    return date.strftime("%Y-%m-%dT%H:%M:%S") + zone


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json", "content-length": "0", "age": "0"},
        OPENAI,
        {"x-ratelimit-remaining-requests": "0"},
        {"x-ratelimit-reset-requests": "1s"},
        {"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1s"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-tokens": "1s"},
        {"x-ratelimit-remaining-req-minute": "0", "x-ratelimit-remaining-tokens-minute": "0"},
        {"x-ratelimit-limit-requests": "0", "x-ratelimit-reset-requests": "1s"},
        {"x-ratelimit-remaining-images": "0", "x-ratelimit-reset-images": "1s"},
        {"anthropic-ratelimit-requests-remaining": "3", "anthropic-ratelimit-requests-reset": instant(60)},
        {"anthropic-ratelimit-requests-remaining": "0"},
        {"ratelimit-remaining": "7", "ratelimit-reset": "30"},
        {"ratelimit": '"default";r=7;t=30'},
        {"ratelimit": '"default";r=0'},
        {"ratelimit": "limit=10, remaining=7, reset=30"},
    ],
)
def test_nothing_is_said_of_a_wait(headers):
    assert rest(headers, NOW) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("88ms", 0.088),
        ("1h2m3.5s", 3723.5),
        ("2m59.56s", 179.56),
        ("4h17m", 15420.0),
        ("1d", 86400.0),
        ("500µs", 0.0005),
        ("20", 20.0),
        ("33011.382867", 33011.382867),
    ],
)
@pytest.mark.parametrize("what", ["requests", "tokens", "requests-day", "tokens-minute", "req-minute", "input-tokens"])
def test_what_is_used_up_rests_until_its_own_reset(what, text, seconds):
    headers = {f"x-ratelimit-remaining-{what}": "0", f"x-ratelimit-reset-{what}": text}
    assert rest(headers, NOW) == pytest.approx(seconds)


def test_a_bucket_that_refills_all_the_time_rests_until_it_is_of_use_again():
    requests = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"}
    assert rest({**requests, "x-ratelimit-limit-requests": "14400"}, NOW) == pytest.approx(6.0)
    tokens = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "60s"}
    assert rest({**tokens, "x-ratelimit-limit-tokens": "160000"}, NOW) == pytest.approx(6.0)
    anthropic = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": instant(60),
    }
    assert rest(anthropic, NOW) == pytest.approx(1.2)


@pytest.mark.parametrize("limit", ["0", "-5", "many", "", "1e3", "9" * 40])
def test_a_limit_that_cannot_be_read_shortens_nothing(limit):
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9s"}
    assert rest({**headers, "x-ratelimit-limit-requests": limit}, NOW) == 9.0


@pytest.mark.parametrize(
    ("what", "text"), [("requests", "30"), ("requests-day", "30s"), ("requests-day", "30"), ("", "30"), ("", "30s")]
)
def test_a_window_that_ends_rests_until_its_end_whatever_the_limit(what, text):
    ending = f"-{what}" if what else ""
    headers = {f"x-ratelimit-{word}{ending}": value for word, value in (("remaining", "0"), ("reset", text))}
    assert rest({**headers, f"x-ratelimit-limit{ending}": "10"}, NOW) == 30.0


@pytest.mark.parametrize("what", ["requests", "tokens", "input-tokens", "output-tokens"])
@pytest.mark.parametrize("zone", ["Z", "+00:00", ""])
def test_anthropics_dates_are_read_as_the_time_until_then(what, zone):
    names = f"anthropic-ratelimit-{what}-remaining", f"anthropic-ratelimit-{what}-reset"
    assert rest(dict(zip(names, ("0", instant(45, zone)), strict=True)), NOW) == 45.0


@pytest.mark.parametrize(
    "text", ["90", str(int(NOW + 90)), str(int((NOW + 90) * 1000)), "90.0"], ids=["wait", "epoch", "epoch ms", "float"]
)
@pytest.mark.parametrize("prefix", ["", "x-"])
def test_a_number_is_a_wait_or_an_instant_by_its_size(prefix, text):
    headers = {f"{prefix}ratelimit-remaining": "0", f"{prefix}ratelimit-reset": text}
    assert rest(headers, NOW) == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ('"default";r=0;t=30', 30.0),
        ('"default"; r=0; t=30', 30.0),
        ("default;t=30;r=0", 30.0),
        ('"minute";r=0;t=30, "day";r=500;t=7000', 30.0),
        ('"minute";r=0;t=30, "day";r=0;t=7000', 7000.0),
        ('"a,b;r=0;t=9";r=0;t=30', 30.0),
        ('"a;r=0;t=9,b";r=4;t=30', None),
        ("limit=100, remaining=0, reset=50", 50.0),
    ],
)
def test_the_lists_of_the_drafts_are_read(text, seconds):
    assert rest({"ratelimit": text}, NOW) == seconds


def test_a_list_may_be_spread_over_several_headers():
    headers = CIMultiDictProxy(CIMultiDict([("RateLimit", '"a";r=1;t=3'), ("RateLimit", '"b";r=0;t=4'), ("Age", "1")]))
    assert rest(headers, NOW) == 4.0


def test_names_are_read_in_any_case():
    headers = CIMultiDictProxy(CIMultiDict({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}))
    assert rest(headers, NOW) == 3.0
    assert rest({"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "3s"}, NOW) == 3.0


def test_of_several_limits_that_are_used_up_the_longest_counts():
    used_up = {**OPENAI, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "10m"}
    assert rest(used_up, NOW) == pytest.approx(60.0)
    both = {**used_up, "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "100h"}
    assert rest(both, NOW) == pytest.approx(72.0)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "-5s", "nan", "inf", "soon", "1e3", "1_0", "٣", "9" * 400, "1s " * 99, "40000000000d", "0", "0s", "1 s"],
)
def test_a_reset_that_makes_no_sense_is_no_wait(text):
    assert rest({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text}, NOW) is None
    assert rest({"ratelimit-remaining": "0", "ratelimit-reset": text}, NOW) is None
    assert rest({"ratelimit": f"a;r=0;t={text}"}, NOW) is None
    names = "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"
    assert rest(dict(zip(names, ("0", text), strict=True)), NOW) is None


def test_more_than_a_month_and_what_has_passed_are_no_wait():
    for reset, seconds in ((str(31 * 86400), 31 * 86400.0), (str(32 * 86400), None), (str(int(NOW - 5)), None)):
        assert rest({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}, NOW) == seconds
    for passed in (instant(-1), "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        names = "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"
        assert rest(dict(zip(names, ("0", passed), strict=True)), NOW) is None


@pytest.mark.parametrize("left", ["-1", "00x", "0s", "", "none", "0 ", "0.5", "nan"])
def test_a_count_that_is_not_nothing_is_no_wait(left):
    assert rest({"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": "3s"}, NOW) is None


@pytest.mark.parametrize("left", ["0", "00", "0.0"])
def test_nothing_may_be_written_in_several_ways(left):
    assert rest({"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": "3s"}, NOW) == 3.0


VALUES = (
    st.text(max_size=30)
    | st.sampled_from(["0", "1s", "10", "a;r=0;t=5", instant(9)])
    | st.from_regex(r"[0-9]{1,30}(\.[0-9]{1,30})?(ms|s|m|h)?", fullmatch=True)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})", fullmatch=True)
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_whatever_a_provider_sends_is_a_wait_or_none(headers):
    seconds = rest(headers, NOW)
    assert seconds is None or (math.isfinite(seconds) and 0.0 < seconds <= 31 * 86400.0)
