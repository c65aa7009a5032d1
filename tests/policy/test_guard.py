"""The guard reads what leaves: every single thing that is not as it was cleared stops the request."""

from __future__ import annotations

import orjson
import pytest
from strategies import NOON, one_sound_case
from world import World

from zdr_router.errors import InvalidRequest
from zdr_router.metadata import Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped, WireRequest, guard
from zdr_router.policy.trust import Trust

URL = "https://api.p0.example/v1/chat/completions"


ADDED = {"model": "small", "store": False}
KEY = {"authorization": "Bearer sk-main"}


def leaving(wire, clearance):
    """What the guard lets leave, read again."""
    dispatch = guard(wire, clearance, now=NOON, trust=Trust())
    assert isinstance(dispatch, Dispatch), dispatch
    return orjson.loads(b"".join(dispatch.body.open()))


@pytest.fixture
def clearance(case, clear):
    case.body.update(temperature=0.5, stream_options={"include_obfuscation": False}, tools=[])
    verdict = clear()
    assert isinstance(verdict, Clearance), verdict
    return verdict


@pytest.fixture
def wire() -> WireRequest:
    """What a correct dialect makes of the clearance."""
    return WireRequest(
        "POST",
        URL,
        {"content-type": "application/json", "accept": "*/*", "user-agent": "x", "authorization": "Bearer sk-main"},
        ADDED,
    )


@pytest.fixture
def stop(clearance, wire):
    """Asserts that a changed request is stopped, and gives the reason."""

    def stop_it(**changes) -> str:
        told = guard(wire._replace(**changes), clearance, now=NOON, trust=Trust())
        assert isinstance(told, Stopped), told
        assert "hello" not in told.sentence
        return told.sentence

    return stop_it


@pytest.fixture
def stop_added(stop):
    def stop_it(*left_out: str, **members) -> str:
        added = {name: value for name, value in ADDED.items() if name not in left_out}
        return stop(added={**added, **members})

    return stop_it


def test_what_was_cleared_leaves_with_what_the_router_adds(case, clearance, wire):
    dispatch = guard(wire, clearance, now=NOON, trust=Trust())
    assert isinstance(dispatch, Dispatch)
    asked = {name: case.body[name] for name in ("messages", "temperature", "tools")}
    assert leaving(wire, clearance) == {**asked, **ADDED}
    assert (dispatch.method, dispatch.url, dispatch.headers) == ("POST", URL, wire.headers)
    assert dispatch.clearance is clearance


def test_a_long_prompt_leaves_as_it_is():
    case = one_sound_case()
    case.body["messages"][0]["content"] = "a b " * 50_000
    (clearance,) = World(case).clear_all().values()
    assert leaving(WireRequest("POST", URL, KEY, ADDED), clearance) == {"messages": case.body["messages"], **ADDED}


def test_what_the_caller_repeats_leaves_once():
    case = one_sound_case()
    case.body["store"] = False
    (clearance,) = World(case).clear_all().values()
    dispatch = guard(WireRequest("POST", URL, KEY, ADDED), clearance, now=NOON, trust=Trust())
    assert b"".join(dispatch.body.open()).count(b"store") == 1


def test_headers_that_change_after_the_guard_read_them_do_not_leave(clearance, wire):
    headers = dict(wire.headers)
    dispatch = guard(wire._replace(headers=headers), clearance, now=NOON, trust=Trust())
    headers["x-late"] = "1"
    assert "x-late" not in dispatch.headers


def test_a_dispatch_shows_neither_content_nor_credential(clearance, wire):
    shown = repr(guard(wire, clearance, now=NOON, trust=Trust()))
    assert "hello" not in shown
    assert "sk-main" not in shown


@pytest.mark.parametrize(("now", "epoch"), [(NOON - 1, 0), (1798761600.0, 0), (NOON, 1), (float("nan"), 0)])
def test_a_clearance_that_lapsed_lets_nothing_leave(clearance, wire, now, epoch):
    assert guard(wire, clearance, now=now, trust=Trust(epoch=epoch)) == Stopped(
        "the clearance has lapsed", Outcome.UNCLEARED
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "post", ""])
def test_another_method_is_stopped(stop, method):
    assert "method" in stop(method=method)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.p0.example/v1/chat/completions",
        "https://api.p0.example.evil.example/v1/chat/completions",
        "https://evil.example/v1/chat/completions",
        "https://api.p0.example:8443/v1/chat/completions",
        "https://key:secret@api.p0.example/v1/chat/completions",
        "https://api.p0.example@evil.example/v1/chat/completions",
        URL + "?store=true",
        URL + "#x",
        URL + "/",
        "https://api.p0.example/v1/embeddings",
        "https://api.p0.example/v1/../v1/chat/completions",
        "HTTPS://api.p0.example/v1/chat/completions",
        "",
    ],
)
def test_another_address_is_stopped(stop, url):
    assert "address" in stop(url=url)


@pytest.mark.parametrize(
    "name",
    ["x-stainless-lang", "openai-organization", "idempotency-key", "cookie", "x-api-key", "Authorization", "host", ""],
)
def test_a_header_beyond_the_allow_list_is_stopped(stop, wire, name):
    assert "allow-list" in stop(headers={**wire.headers, name: "x"})


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\0b", "a\x7fb", "a\x85b", "a\u2028b", "a\tb"])
def test_a_header_with_a_control_character_is_stopped(stop, wire, value):
    assert "control character" in stop(headers={**wire.headers, "user-agent": value})


@pytest.mark.parametrize("value", ["Bearer sk-other", "sk-other", "Bearer ", "", "bearer sk-main", "Bearer  sk-main"])
def test_the_credential_of_another_account_is_stopped(stop, wire, value):
    assert "credential" in stop(headers={**wire.headers, "authorization": value})


def test_a_credential_where_the_account_has_none_is_stopped():
    case = one_sound_case()
    configuration, account = case.configurations[0], case.operator["accounts"]["main"]
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    account["grant"]["basis"] = "self_operated"
    del account["api_key"], account["grant"]["credential"], case.credentials["main"]
    (clearance,) = World(case).clear_all().values()
    with_key = WireRequest("POST", URL, KEY, ADDED)
    assert "credential" in guard(with_key, clearance, now=NOON, trust=Trust()).sentence
    assert isinstance(guard(with_key._replace(headers={}), clearance, now=NOON, trust=Trust()), Dispatch)


@pytest.mark.parametrize("model", ["large", "assistant", None, "", "small "])
def test_another_model_is_stopped(stop_added, model):
    assert "model" in stop_added(model=model)
    assert "model" in stop_added("model")


@pytest.mark.parametrize("name", ["messages", "temperature", "user", "metadata", "provider", "a_new_parameter"])
def test_an_extra_member_is_stopped(stop_added, name):
    assert "not one that the router sets" in stop_added(**{name: {}})
    assert "not one that the router sets" in stop_added(**{name: None})


@pytest.mark.parametrize("value", [True, None, 0, "false", {"false": False}])
def test_a_forced_parameter_that_is_set_otherwise_is_stopped(stop_added, value):
    assert "forced" in stop_added(store=value)


def test_a_forced_parameter_that_is_left_out_is_stopped(stop_added):
    assert "is not set" in stop_added("store")


def test_nothing_is_smuggled_beside_a_forced_member():
    case = one_sound_case()
    case.configurations[0]["conditions"]["force"] = [{"set": "options.zdr", "to": True}]
    (clearance,) = World(case).clear_all().values()
    headers = {"authorization": "Bearer sk-main"}
    for options, leaves in (
        ({"zdr": True}, True),
        ({"zdr": True, "note": "hello"}, False),
        ({"zdr": False}, False),
        ({"zdr": 1}, False),
        ({}, False),
    ):
        wire = WireRequest("POST", URL, headers, {"model": "small", "options": options})
        assert isinstance(guard(wire, clearance, now=NOON, trust=Trust()), Dispatch) == leaves, options


def test_what_the_caller_gave_beside_a_forced_member_stays():
    case = one_sound_case()
    case.configurations[0]["conditions"] = {
        "force": [{"set": "prompt_cache_options.mode", "to": "explicit"}],
        "permit": ["cache_options"],
    }
    case.body["prompt_cache_options"] = {"mode": "explicit", "ttl": "30m"}
    (clearance,) = World(case).clear_all().values()
    for options, leaves in (({"mode": "explicit", "ttl": "30m"}, True), ({"mode": "explicit"}, False)):
        body = {"model": "small", "prompt_cache_options": options}
        wire = WireRequest("POST", URL, KEY, body)
        assert isinstance(guard(wire, clearance, now=NOON, trust=Trust()), Dispatch) == leaves


def test_what_is_forbidden_is_looked_for_in_what_leaves():
    """Forced values and the target's model were not in the body that was read."""
    case = one_sound_case()
    case.configurations[0]["conditions"] = {
        "force": [{"set": "options.mode", "to": "keep"}],
        "forbid": [{"path": "options.mode", "equals": "keep"}],
    }
    (clearance,) = World(case).clear_all().values()
    body = {"model": "small", "options": {"mode": "keep"}}
    told = guard(WireRequest("POST", URL, KEY, body), clearance, now=NOON, trust=Trust())
    assert told == Stopped("the body sets options.mode to a value that voids zero retention here")


@pytest.mark.parametrize("stream", [True, False])
def test_the_router_asks_for_streams_and_their_usage(clearance, wire, stream):
    options = {"include_obfuscation": False, "include_usage": True}
    added = {**ADDED, "stream": stream, "stream_options": options}
    assert isinstance(guard(wire._replace(added=added), clearance, now=NOON, trust=Trust()), Dispatch)


@pytest.mark.parametrize("stream", [1, None, "true", {"on": True}])
def test_stream_is_a_switch_and_nothing_else(stop_added, stream):
    assert "`stream`" in stop_added(stream=stream)


@pytest.mark.parametrize(
    "options",
    [
        {},
        None,
        "hello",
        {"include_usage": True},
        {"include_usage": True, "include_obfuscation": True},
        {"include_usage": True, "include_obfuscation": False, "note": "hello"},
    ],
)
def test_stream_options_carry_nothing_of_anybodys(stop_added, options):
    assert "stream_options" in stop_added(stream=True, stream_options=options)


@pytest.mark.parametrize("value", [2**64, {1: "a"}, {"a": object()}, "\ud800", {"a": b"x"}, {None: 1}])
def test_what_is_not_json_is_not_even_read(value):
    case = one_sound_case()
    case.body["tools"] = [{"type": "function", "function": {"name": "f", "parameters": {"x": value}}}]
    with pytest.raises(InvalidRequest, match="tools is not JSON") as raised:
        World(case)
    assert raised.value.__cause__ is raised.value.__context__ is None


@pytest.mark.parametrize(
    "added",
    [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]},
        {"role": "user", "content": "hello", "cache_control": {"type": "ephemeral"}},
        "not a message",
    ],
)
def test_what_its_caller_changes_after_it_was_cleared_does_not_leave(added):
    case = one_sound_case()
    (clearance,) = World(case).clear_all().values()
    read = orjson.dumps(case.body["messages"])
    case.body["messages"].append(added)
    case.body["messages"][0]["content"] = "changed"
    wire = WireRequest("POST", URL, KEY, ADDED)
    assert orjson.dumps(leaving(wire, clearance)["messages"]) == read
    changed = wire._replace(added={**ADDED, "messages": case.body["messages"]})
    assert isinstance(guard(changed, clearance, now=NOON, trust=Trust()), Stopped)


@pytest.mark.parametrize("trust", [None, Trust(as_of=NOON - 61), Trust(as_of=float("nan"))])
def test_nothing_leaves_while_trust_cannot_be_read_or_is_too_old(trust):
    case = one_sound_case()
    (clearance,) = World(case).clear_all().values()
    wire = WireRequest("POST", URL, KEY, ADDED)
    assert guard(wire, clearance, now=NOON, trust=trust) == Stopped("the clearance has lapsed", Outcome.UNCLEARED)


def test_a_salt_that_was_changed_is_stopped():
    case = one_sound_case()
    case.operator["tenants"] = {"acme": {"accounts": []}}
    case.configurations[0]["cache"]["isolation"] = {"parameter": "cache_salt"}
    (clearance,) = World(case).clear_all().values()
    (salt,) = [forced.value for forced in clearance.forced if forced.name == "cache_salt"]
    for sent, leaves in ((salt, True), ("0" * 32, False), (None, False)):
        body = {**ADDED, "cache_salt": sent}
        told = guard(WireRequest("POST", URL, KEY, body), clearance, now=NOON, trust=Trust())
        assert isinstance(told, Dispatch) == leaves
