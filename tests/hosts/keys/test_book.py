"""What a host is answered: every no with its status, code, headers and signal, and what an admission settles."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keys_here import PEPPER, a_key, admitted

from zdr_router.hosts.keys import guesses, spikes
from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.hosts.keys.guesses import Guesses
from zdr_router.hosts.keys.key import Limits
from zdr_router.hosts.keys.making import rotate_key
from zdr_router.hosts.keys.memory import book_of
from zdr_router.hosts.keys.spending import Spending, ends_in, periods
from zdr_router.hosts.keys.spikes import Spikes
from zdr_router.hosts.keys.token import new_id, new_secret, written
from zdr_router.metadata import AttemptRecord, ErrorCode, Metadata, Outcome, Signal
from zdr_router.policy.policy import Policy

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC).timestamp()


class Time:
    """Both clocks of a book; it stands still unless it is moved."""

    def __init__(self):
        self.passed = 0.0

    def clock(self):
        return self.passed

    def now(self):
        return NOON + self.passed


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def book(time):
    def make(*keys):
        return book_of(keys, PEPPER, clock=time.clock, now=time.now)

    return make


async def ask(book, text, **members):
    asked = {"endpoint": "chat.completions", "route": "assistant", "address": "203.0.113.7", "tokens": 10, **members}
    return await admitted(book, text if text is None or isinstance(text, str) else text.open(), **asked)


def metadata(**members) -> Metadata:
    fields = dict.fromkeys(Metadata._fields) | {"attempts": (), "refusals": (), "signals": (), "price": None}
    return Metadata(**fields | members)


def attempt(sent="maybe"):
    return AttemptRecord("a/m", "a/zdr", Outcome.OK, sent, 200, 0.0, 1.0)


async def test_a_good_key_is_admitted_with_whose_it_is(book):
    key, text = a_key(tenant="acme", customer="c-1", policy=Policy(cache="none"))
    admission = await ask(book(key), text)
    assert isinstance(admission, Admission)
    assert (admission.key, admission.tenant, admission.customer) == (key.id, "acme", "c-1")
    assert (admission.policy, admission.signals, admission.headers) == (Policy(cache="none"), (), {})


@pytest.mark.parametrize(
    ("about", "signal"),
    [
        ({"revoked": NOON - 1}, Signal.REVOKED_KEY),
        ({"expires": NOON}, Signal.EXPIRED_KEY),
        ({"expires": NOON - 1, "revoked": NOON - 1}, Signal.REVOKED_KEY),
    ],
)
async def test_a_key_that_is_not_good_any_more_is_401_and_named(book, about, signal):
    key, text = a_key(tenant="acme", **about)
    denied = await ask(book(key), text)
    assert (denied.status, denied.error_code, denied.code) == (401, ErrorCode.INVALID_KEY, "invalid_api_key")
    assert (denied.key, denied.tenant, denied.signals) == (key.id, "acme", (signal,))
    assert denied.headers["www-authenticate"] == 'Bearer realm="zdr-router", error="invalid_token"'


@pytest.mark.parametrize(
    ("presented", "signal"),
    [
        (None, Signal.NO_KEY),
        ("", Signal.NO_KEY),
        ("sk-0123456789", Signal.UNKNOWN_KEY),
        ("zdr_0123456789", Signal.MISTYPED_KEY),
        pytest.param(written(new_id(), new_secret()).open(), Signal.UNKNOWN_KEY, id="another"),
    ],
)
async def test_what_is_no_key_is_401_and_nobody_is_named(book, presented, signal):
    denied = await ask(book(a_key()[0]), presented)
    assert (denied.status, denied.signals, denied.key) == (401, (signal,), None)
    assert denied.headers["www-authenticate"].startswith("Bearer")
    if presented:
        assert presented not in repr(denied)


@given(st.text(alphabet=st.characters(), max_size=80), st.text(alphabet=st.characters(), max_size=40))
def test_any_text_is_answered_and_none_is_repeated(presented, address):
    denied = asyncio.run(ask(book_of([a_key()[0]], PEPPER), presented, address=address))
    assert denied.status == 401
    if len(presented) > 12:
        assert presented not in repr(denied)


async def test_another_secret_under_a_known_id_says_no_more_than_an_unknown_id(book):
    key, _ = a_key(revoked=1.0)
    guessed = await ask(book(key), written(key.id, new_secret()))
    unknown = await ask(book(key), written(new_id(), new_secret()))
    assert guessed == unknown


async def test_after_a_rotation_both_secrets_hold_until_the_overlap_is_over(book, time):
    key, old = a_key()
    rotated, new = rotate_key(key, PEPPER, until=NOON + 60)
    keys = book(rotated)
    assert isinstance(await ask(keys, old), Admission)
    assert isinstance(await ask(keys, new), Admission)
    time.passed = 60.0
    assert (await ask(keys, old)).signals == (Signal.EXPIRED_KEY,)
    assert isinstance(await ask(keys, new), Admission)
    again, newest = rotate_key(rotated, PEPPER, until=NOON + 600)
    keys = book(again)
    assert [isinstance(await ask(keys, text), Admission) for text in (old, new, newest)] == [False, True, True]


async def test_an_expired_key_is_not_prolonged_by_its_overlap(book):
    key, old = a_key(expires=NOON - 1)
    rotated, _ = rotate_key(key, PEPPER, until=NOON + 60)
    assert (await ask(book(rotated), old)).signals == (Signal.EXPIRED_KEY,)


@pytest.mark.parametrize(
    ("change", "signal"),
    [
        ({"revoked": NOON}, Signal.REVOKED_KEY),
        ({"expires": NOON}, Signal.EXPIRED_KEY),
        ({"hash": bytes(32)}, Signal.UNKNOWN_KEY),
    ],
)
async def test_a_key_that_is_taken_back_while_a_request_is_sent_admits_it_no_more(book, change, signal):
    key, text = a_key()
    keys = book(key)
    holder = keys.verify(text.open(), address="203.0.113.7")
    keys._known.keys[key.id] = dataclasses.replace(key, **change)
    denied = await holder.admit(endpoint="chat.completions", route="assistant", tokens=10)
    assert (denied.status, denied.signals) == (401, (signal,))


def test_who_gave_a_right_key_shows_nothing_of_it(book):
    key, text = a_key()
    shown = repr((holder := book(key).verify(text.open(), address="203.0.113.7"), holder._shown))
    assert text.open() not in shown
    assert repr(key.hash) not in shown


@pytest.mark.parametrize("asked", [{"route": "other"}, {"endpoint": "embeddings"}])
async def test_what_a_key_is_not_for_is_403(book, asked):
    key, text = a_key(routes=frozenset({"assistant"}), endpoints=frozenset({"chat.completions", "models"}))
    denied = await ask(book(key), text, **asked)
    assert (denied.status, denied.error_code, denied.signals) == (403, ErrorCode.OUT_OF_SCOPE, (Signal.OUT_OF_SCOPE,))
    assert "insufficient_scope" in denied.headers["www-authenticate"]
    listing = await ask(book(key), text, endpoint="models", route=None)
    assert listing.routes == {"assistant"}


async def test_the_limit_of_requests_is_429_with_the_headers_of_openai(book, time):
    key, text = a_key(limits=Limits(requests_per_minute=2, tokens_per_minute=100))
    keys = book(key)
    first = await ask(keys, text)
    assert first.headers == {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "30s",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "90",
        "x-ratelimit-reset-tokens": "6s",
    }
    await ask(keys, text)
    denied = await ask(keys, text)
    assert (denied.status, denied.error_code, denied.signals) == (429, ErrorCode.KEY_LIMITED, (Signal.REQUEST_LIMIT,))
    assert (denied.type, denied.code, denied.key) == ("requests", "rate_limit_exceeded", key.id)
    assert (denied.headers["retry-after"], denied.headers["retry-after-ms"]) == ("30", "30000")
    assert denied.headers["x-ratelimit-remaining-requests"] == "0"
    time.passed = 30.0
    assert isinstance(await ask(keys, text), Admission)


async def test_a_request_that_never_fits_is_not_told_to_wait(book):
    key, text = a_key(limits=Limits(tokens_per_minute=100))
    denied = await ask(book(key), text, tokens=101)
    assert (denied.status, denied.type, denied.signals) == (429, "tokens", (Signal.TOKEN_LIMIT,))
    assert "retry-after" not in denied.headers
    assert denied.headers["x-should-retry"] == "false"


async def test_requests_at_a_time_are_limited_until_one_is_released(book):
    key, text = a_key(limits=Limits(concurrent=1))
    keys = book(key)
    admission = await ask(keys, text)
    assert (await ask(keys, text)).signals == (Signal.CONCURRENCY_LIMIT,)
    admission.release(None)
    second = await ask(keys, text)
    assert isinstance(second, Admission)
    admission.release(None)  # again: it must not free the place of another
    assert isinstance(await ask(keys, text), Denied)


@pytest.mark.parametrize(
    ("known", "left"),
    [
        (None, 100),
        (metadata(input_tokens=30, output_tokens=20), 50),
        (metadata(input_tokens=300, output_tokens=None), -200),
        (metadata(attempts=(attempt(),)), 40),
        (metadata(attempts=(attempt("no"),)), 100),
        (metadata(), 100),
    ],
)
async def test_tokens_are_settled_by_what_was_taken(book, known, left):
    key, text = a_key(limits=Limits(tokens_per_minute=100))
    keys = book(key)
    admission = await ask(keys, text, tokens=60)
    admission.release(known)
    admission.release(metadata(input_tokens=7, output_tokens=7))  # again
    found = await keys._counters.reserve(key.id, key.limits, 0)
    assert found.tokens == left


async def test_who_has_spent_the_cap_is_429_until_the_day_is_over(book, time):
    key, text = a_key(limits=Limits(usd_per_day=1.0, usd_per_month=100.0))
    keys = book(key)
    (await ask(keys, text)).release(metadata(price=0.4))
    (await ask(keys, text)).release(metadata(price=0.6))
    denied = await ask(keys, text)
    assert (denied.status, denied.error_code, denied.signals) == (429, ErrorCode.SPENT, (Signal.SPENDING_CAP,))
    assert (denied.type, denied.code, denied.headers["x-should-retry"]) == (
        "insufficient_quota",
        "insufficient_quota",
        "false",
    )
    assert int(denied.headers["retry-after"]) == 12 * 3600
    time.passed = 12 * 3600.0
    assert isinstance(await ask(keys, text), Admission)


async def test_a_month_that_is_spent_outlasts_the_day(book, time):
    key, text = a_key(limits=Limits(usd_per_day=1.0, usd_per_month=1.0))
    keys = book(key)
    (await ask(keys, text)).release(metadata(price=2.0))
    time.passed = 24 * 3600.0
    denied = await ask(keys, text)
    assert "month" in denied.message
    assert int(denied.headers["retry-after"]) == pytest.approx(ends_in(periods(time.now())[1], time.now()))


async def test_who_keeps_guessing_waits_longer_each_time_and_others_do_not(book, time):
    key, text = a_key()
    keys = book(key)
    waits = []
    for _ in range(guesses.FREE + 1):
        assert (await ask(keys, written(new_id(), new_secret()))).status == 401
    for _ in range(4):
        denied = await ask(keys, written(new_id(), new_secret()))
        assert (denied.status, denied.signals) == (429, (Signal.KEEPS_GUESSING,))
        waits.append(int(denied.headers["retry-after"]))
        assert (await ask(keys, "zdr_mistyped", address="198.51.100.1")).status == 401
        assert isinstance(await ask(keys, text), Admission)
        time.passed += waits[-1]
        assert (await ask(keys, written(new_id(), new_secret()))).status == 401
    assert waits == [2, 4, 8, 16]


def test_addresses_are_forgotten_bounded_and_kept_as_hashes(time):
    seen = Guesses(time.clock)
    for _ in range(guesses.FREE + 1):
        assert seen.wrong("2001:db8::1") == 0
    assert seen.wrong("2001:db8::ffff") > 0  # the same network
    assert seen.wrong("2001:db8:0:1::1") == 0
    assert "2001" not in repr(dict(seen._seen))
    assert seen.wrong("not an address") == 0
    time.passed = guesses.REMEMBERED + 1
    assert seen.wrong("2001:db8::1") == 0
    for number in range(guesses.ADDRESSES + 10):
        seen.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(seen._seen) == guesses.ADDRESSES


def test_an_address_as_ipv6_has_it_is_the_same_address(time):
    seen = Guesses(time.clock)
    for _ in range(guesses.FREE + 1):
        seen.wrong("::ffff:203.0.113.7")
    assert seen.wrong("203.0.113.7") > 0
    assert seen.wrong("::ffff:203.0.113.8") == 0


def test_a_spike_is_far_more_than_usual_and_said_once_a_minute(time, caplog):
    seen = Spikes(time.clock)
    with caplog.at_level(logging.WARNING, "zdr_router"):
        for _ in range(10):
            assert not any(seen.happened("requests", "k") for _ in range(20))
            time.passed += spikes.INTERVAL
        found = [seen.happened("requests", "k") for _ in range(200)]
        assert found.index(True) == pytest.approx(spikes.TIMES * 20, abs=1)
        assert all(found[found.index(True) :])
        assert seen.is_on("requests", "k")
        assert not seen.is_on("errors", "k")
        time.passed += spikes.INTERVAL
        assert not seen.is_on("requests", "k")
    assert caplog.text.count("far more than usual") == 1


def test_what_is_always_much_is_no_spike_and_a_new_key_is_learned_first(time):
    seen = Spikes(time.clock)
    for _ in range(20):
        assert not any(seen.happened("requests", "k") for _ in range(500))
        time.passed += spikes.INTERVAL


async def test_spikes_ride_on_what_is_answered(book, time):
    key, text = a_key()
    keys = book(key)
    for _ in range(spikes.LEARNING + 1):
        (await ask(keys, text)).release(None)
        await ask(keys, None)
        time.passed += spikes.INTERVAL
    for _ in range(spikes.LEAST):
        (await ask(keys, text)).release(metadata(error_code=ErrorCode.REFUSED))
        await ask(keys, None)
    assert Signal.SPIKE_OF_REQUESTS in (await ask(keys, text)).signals
    assert (await ask(keys, None)).signals == (Signal.NO_KEY, Signal.SPIKE_OF_WRONG_KEYS)
    for _ in range(spikes.LEAST):
        (await ask(keys, text)).release(metadata(error_code=ErrorCode.EXHAUSTED))
    assert (await ask(keys, text)).signals == (
        Signal.SPIKE_OF_REQUESTS,
        Signal.SPIKE_OF_REFUSALS,
        Signal.SPIKE_OF_ERRORS,
    )


async def test_keys_that_were_not_read_for_too_long_are_not_gone_by(book, time):
    key, text = a_key()
    keys = book(key)
    keys._known.until = 10.0
    assert isinstance(await ask(keys, text), Admission)
    time.passed = 10.5
    denied = await ask(keys, text)
    assert (denied.status, denied.error_code) == (503, ErrorCode.KEYS_UNREADABLE)
    assert "retry-after" in denied.headers


def test_what_is_written_down_is_counted_once():
    spending = Spending()
    day, month = periods(NOON)
    spending.add("k", 1.0, NOON)
    assert dict(spending.take()) == {("k", day): 1.0, ("k", month): 1.0}
    spending.add("k", 0.5, NOON)
    assert spending.of("k", day) == 1.5
    # It could not be written: what is taken next is all of it.
    assert spending.take()["k", day] == 1.5
    spending.wrote([("k", day, 4.0), ("k", month, 9.0)])
    assert (spending.of("k", day), spending.of("k", month)) == (4.0, 9.0)
    assert spending.take() == {}


@pytest.mark.parametrize(
    ("period", "seconds"), [("2026-11-23", 12 * 3600), ("2026-11", 7 * 86_400 + 12 * 3600), ("2026-12", 38.5 * 86_400)]
)
def test_a_period_ends_with_its_last_day(period, seconds):
    assert periods(NOON) == ("2026-11-23", "2026-11")
    assert ends_in(period, NOON) == seconds


def test_a_key_shows_no_hash():
    key, text = a_key()
    assert dataclasses.replace(key, former=b"x" * 32).hash.hex() not in repr(key)
    assert "hash" not in repr(key)
    assert text.open() not in repr((key, text))
