"""After a request was signed nothing but the signature is new, or it does not leave."""

from __future__ import annotations

import dataclasses

import pytest
from strategies import NOON

from zdr_router.metadata import Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped, WireRequest, guard
from zdr_router.policy.signing import Unsigned, countersign
from zdr_router.policy.trust import Trust
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.sealed import Sealed

URL = "https://api.p0.example/v1/chat/completions"
SIGNATURE = {"authorization": "Bearer t0ken"}


@pytest.fixture
def auth() -> str:
    return "google"


@pytest.fixture
def dispatch(configuration, account, clear, auth) -> Dispatch:
    configuration["credentials"] = {"auth": auth}
    account["credentials"] = {"service_account": {"env": "P0"}}
    del account["api_key"]
    clearance = clear()
    assert isinstance(clearance, Clearance), clearance
    wire = WireRequest("POST", URL, {"accept": "*/*"}, {"model": "small", "store": False})
    let_through = guard(wire, clearance, now=NOON, trust=Trust())
    assert isinstance(let_through, Dispatch)
    return let_through


def test_before_it_is_signed_it_carries_no_credential_at_all(dispatch):
    wire = WireRequest("POST", URL, SIGNATURE, {"model": "small", "store": False})
    assert "allow-list" in guard(wire, dispatch.clearance, now=NOON, trust=Trust()).sentence


def test_what_leaves_is_what_the_guard_let_through_and_the_signature(dispatch):
    leaves = countersign(dispatch, Unsigned.of(dispatch), SIGNATURE, now=NOON, trust=Trust())
    assert isinstance(leaves, Dispatch)
    assert leaves.headers == {**dispatch.headers, **SIGNATURE}
    assert (leaves.method, leaves.url, leaves.clearance) == (dispatch.method, dispatch.url, dispatch.clearance)
    assert leaves.body is dispatch.body
    assert dispatch.headers == {"accept": "*/*"}


def test_neither_what_a_signer_sees_nor_what_leaves_shows_content_or_token(dispatch):
    shown = Unsigned.of(dispatch)
    leaves = countersign(dispatch, shown, SIGNATURE, now=NOON, trust=Trust())
    assert "hello" not in repr(shown) + repr(leaves)
    assert "t0ken" not in repr(leaves)


TAMPERED = {
    "method": "PUT",
    "scheme": {"url": URL.replace("https", "http")},
    "host": {"url": URL.replace("p0", "p1")},
    "path": {"url": URL.replace("chat", "other")},
    "query": {"url": URL + "?store=true"},
    "a header": {"headers": {"accept": "text/html"}},
    "a header more": {"headers": {"accept": "*/*", "x-new": "1"}},
    "a header less": {"headers": {}},
    "body": {"body": Sealed((b'{"model":"small"}',))},
}


@pytest.mark.parametrize("part", TAMPERED)
def test_a_signer_that_changed_what_it_was_shown_is_stopped(dispatch, part):
    change = TAMPERED[part] if isinstance(TAMPERED[part], dict) else {part: TAMPERED[part]}
    shown = dataclasses.replace(Unsigned.of(dispatch), **change)
    stopped = countersign(dispatch, shown, SIGNATURE, now=NOON, trust=Trust())
    assert stopped == Stopped("the request was changed while it was signed")


def test_a_signer_has_no_hold_of_the_headers_that_leave(dispatch):
    shown = Unsigned.of(dispatch)
    shown.headers["x-late"] = "1"
    assert "x-late" not in dispatch.headers
    assert isinstance(countersign(dispatch, shown, SIGNATURE, now=NOON, trust=Trust()), Stopped)


@pytest.mark.parametrize("auth", SIGNED_HEADERS)
@pytest.mark.parametrize("name", ["x-goog-user-project", "cookie", "host", "accept", "Authorization", "x-amz-meta", ""])
def test_a_signature_adds_no_other_header(configuration, clear, auth, name):
    configuration["credentials"] = {"auth": auth}
    clearance = clear()
    assert isinstance(clearance, Clearance)
    let_through = Dispatch("POST", URL, {"accept": "*/*"}, Sealed((b"{}",)), clearance)
    added = {"authorization": "x", name: "y"}
    stopped = countersign(let_through, Unsigned.of(let_through), added, now=NOON, trust=Trust())
    assert stopped == Stopped("the signature has a header that is not one of its own")


@pytest.mark.parametrize("auth", ["google", "aws_sigv4"])
def test_each_way_adds_the_headers_that_are_its_own(dispatch, auth):
    added = dict.fromkeys(SIGNED_HEADERS["aws_sigv4"], "x")
    verdict = countersign(dispatch, Unsigned.of(dispatch), added, now=NOON, trust=Trust())
    assert isinstance(verdict, Dispatch) == (auth == "aws_sigv4")


@pytest.mark.parametrize("value", ["Bearer a\r\nx-evil: 1", "Bearer \0", "Bearer \u00e9", "Bearer \u2028"])
def test_a_signature_with_a_control_character_is_stopped(dispatch, value):
    added = {"authorization": value}
    stopped = countersign(dispatch, Unsigned.of(dispatch), added, now=NOON, trust=Trust())
    assert "control character" in stopped.sentence


@pytest.mark.parametrize("added", [{}, {"x-amz-date": "now"}])
@pytest.mark.parametrize("auth", ["aws_sigv4"])
def test_what_was_not_signed_is_stopped(dispatch, added):
    assert countersign(dispatch, Unsigned.of(dispatch), added, now=NOON, trust=Trust()).sentence.endswith("not signed")


def test_a_credential_that_is_sent_as_it_is_is_not_signed_besides(clear):
    clearance = clear()
    let_through = Dispatch("POST", URL, {"accept": "*/*"}, Sealed((b"{}",)), clearance)
    stopped = countersign(let_through, Unsigned.of(let_through), SIGNATURE, now=NOON, trust=Trust())
    assert "not one of its own" in stopped.sentence


@pytest.mark.parametrize(("now", "trust"), [(1798761600.0, Trust()), (NOON, Trust(epoch=1)), (NOON, None)])
def test_a_clearance_that_lapsed_while_a_token_was_fetched_lets_nothing_leave(dispatch, now, trust):
    stopped = countersign(dispatch, Unsigned.of(dispatch), SIGNATURE, now=now, trust=trust)
    assert stopped == Stopped("the clearance has lapsed", Outcome.UNCLEARED)
