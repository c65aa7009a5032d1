"""A preflight carries a credential and nothing of a request, and what it shows does not count for long."""

from __future__ import annotations

import pytest
from strategies import NOON

from zdr_router.metadata import Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped, WireRequest, guard
from zdr_router.policy.preflight import KEPT, Shown, guard_preflight
from zdr_router.policy.trust import Trust
from zdr_router.sealed import Sealed

BASE = "https://api.p0.example/v1"
PROOFS = [
    {"header": "X-ZDR", "equals": "on", "preflight": {"get": "/models"}},
    {"header": "x-region", "equals": "eu", "preflight": {"get": "/me/team"}},
    {"header": "x-tier", "equals": "paid", "preflight": {"get": "/models"}},
    {"header": "x-served-by", "equals": "p0"},
    {"body": "provider", "one_of": ["p0"]},
]
GOOD = WireRequest(
    "GET",
    f"{BASE}/models",
    {"accept": "application/json", "user-agent": "x", "authorization": "Bearer sk-main"},
    {},
)


@pytest.fixture
def clearance(configuration, cleared):
    configuration["conditions"]["response"] = PROOFS
    return cleared()


@pytest.fixture
def stop(clearance):
    def stop_it(**changes) -> str:
        told = guard_preflight(GOOD._replace(**changes), clearance, now=NOON, trust=Trust())
        assert isinstance(told, Stopped), told
        assert told.outcome is Outcome.GUARDED
        return told.sentence

    return stop_it


@pytest.mark.parametrize("path", ["/models", "/me/team"])
def test_what_leaves_is_a_get_without_a_body_under_the_clearance(clearance, path):
    dispatch = guard_preflight(GOOD._replace(url=BASE + path), clearance, now=NOON, trust=Trust())
    assert isinstance(dispatch, Dispatch)
    assert (dispatch.method, dispatch.url, dispatch.headers) == ("GET", BASE + path, GOOD.headers)
    assert dispatch.body.open() == ()
    assert dispatch.clearance is clearance
    assert "sk-main" not in repr(dispatch)


def test_headers_that_change_after_the_guard_read_them_do_not_leave(clearance):
    headers = dict(GOOD.headers)
    dispatch = guard_preflight(GOOD._replace(headers=headers), clearance, now=NOON, trust=Trust())
    headers["x-late"] = "1"
    assert "x-late" not in dispatch.headers


@pytest.mark.parametrize("method", ["POST", "get", "HEAD", "DELETE", ""])
def test_another_method_is_stopped(stop, method):
    assert "method" in stop(method=method)


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/chat/completions",
        f"{BASE}/me",
        f"{BASE}/models/",
        f"{BASE}/models?prompt=hello",
        f"{BASE}/models#hello",
        f"{BASE}/models/hello",
        f"{BASE}",
        "http://api.p0.example/v1/models",
        "https://evil.example/v1/models",
        "https://api.p0.example@evil.example/v1/models",
        "/models",
        "",
    ],
)
def test_another_address_is_stopped(stop, url):
    assert "address" in stop(url=url)


@pytest.mark.parametrize("members", [{"model": "small"}, {"messages": []}, {"": None}])
def test_a_body_is_stopped(stop, members):
    assert "body" in stop(added=members)
    assert "body" in stop(translated=Sealed(members))


def test_a_body_that_says_nothing_is_one_as_well(stop):
    assert "body" in stop(translated=Sealed({}))


@pytest.mark.parametrize("name", ["content-type", "cookie", "x-api-key", "Authorization", "x-user", "host", ""])
def test_a_header_beyond_the_allow_list_is_stopped(stop, name):
    assert "allow-list" in stop(headers={**GOOD.headers, name: "x"})


@pytest.mark.parametrize("value", ["Bearer sk-other", "sk-main ", "", "hello"])
def test_another_credential_is_stopped(stop, value):
    assert "credential" in stop(headers={**GOOD.headers, "authorization": value})


def test_a_header_with_a_control_character_is_stopped(stop):
    assert "control character" in stop(headers={**GOOD.headers, "accept": "a\r\nx: y"})


@pytest.mark.parametrize(
    ("now", "trust"), [(NOON - 1, Trust()), (1798761600.0, Trust()), (NOON, Trust(epoch=1)), (NOON, None)]
)
def test_a_clearance_that_lapsed_lets_nothing_leave(clearance, now, trust):
    assert guard_preflight(GOOD, clearance, now=now, trust=trust) == Stopped(
        "the clearance has lapsed", Outcome.UNCLEARED
    )


def test_a_target_that_declares_no_preflight_is_asked_nothing(cleared):
    clearance = cleared()
    assert isinstance(clearance, Clearance)
    assert "address" in guard_preflight(GOOD, clearance, now=NOON, trust=Trust()).sentence


def test_the_guard_of_requests_lets_no_preflight_through(clearance):
    assert "method" in guard(GOOD, clearance, now=NOON, trust=Trust()).sentence


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"x-zdr": "on", "x-tier": "paid"}, True),
        ({"x-zdr": "on", "x-tier": "free"}, False),
        ({"x-zdr": "off", "x-tier": "paid"}, False),
        ({"x-tier": "paid"}, False),
        ({}, False),
    ],
)
def test_every_header_that_names_a_path_has_to_be_shown_there(clearance, headers, shown):
    expected = clearance.target.rules.preflight
    assert list(expected) == ["/models", "/me/team"]
    assert all(each.holds(headers, {}) for each in expected["/models"]) == shown


@pytest.mark.parametrize(
    ("later", "trust", "counts"),
    [
        (0, Trust(epoch=3), True),
        (KEPT - 0.001, Trust(epoch=3), True),
        (KEPT, Trust(epoch=3), False),
        (-0.001, Trust(epoch=3), False),
        (float("nan"), Trust(epoch=3), False),
        (1, Trust(epoch=4), False),
        (1, Trust(epoch=2), False),
        (1, None, False),
    ],
)
def test_what_was_shown_counts_for_a_while_and_until_more_is_known(later, trust, counts):
    assert Shown(1_000_000.0, 3).counts(1_000_000.0 + later, trust) == counts
