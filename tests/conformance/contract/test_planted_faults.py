"""Each check of the contract finds a router that breaks what it is about, and passes the sound one."""

from __future__ import annotations

import json

import pytest
from targets import BY_DIALECT, CONDITIONS, OPENAI, deployed, verdict

from zdr_router.conformance.contract.book import wire_checks
from zdr_router.dialects.base import Codec
from zdr_router.dialects.openai import decode_chat
from zdr_router.dialects.openai_codec import stream_openai
from zdr_router.dialects.openai_stream import ChatStreamDecoder
from zdr_router.driver import attempt, ended
from zdr_router.metadata import Outcome
from zdr_router.policy import asked, clearing, guard, readers, standing
from zdr_router.policy.clearance import Clearance
from zdr_router.transport.aiohttp import AiohttpTransport
from zdr_router.transport.answer import Answer
from zdr_router.transport.base import SendFailure

CANNED = json.dumps({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}).encode()


def decoding(decode):
    """The router reads whole answers in this way."""
    return lambda patch: patch.setattr(attempt, "OPENAI", Codec(None, decode, stream_openai))


def changed(change):
    """The router changes each answer before it hands it out."""

    def decode(payload, head):
        decoded = decode_chat(payload, head)
        if not isinstance(decoded, Outcome):
            change(decoded.body.open())
        return decoded

    return decoding(decode)


def streaming(feed):
    """The router hands out what `feed` leaves of the chunks."""

    def plant(patch):
        original = ChatStreamDecoder.feed
        patch.setattr(ChatStreamDecoder, "feed", lambda self, data: feed(original(self, data)))

    return plant


def ending(end):
    return lambda patch: patch.setattr(ChatStreamDecoder, "end", end)


def credulous(payload, head):
    """Whatever comes is an answer."""
    decoded = decode_chat(payload, head)
    return decode_chat(CANNED, head) if isinstance(decoded, Outcome) else decoded


def add_a_header(patch):
    original = attempt.headers_for
    patch.setattr(attempt, "headers_for", lambda target, accept: {**original(target, accept), "x-trace-id": "1"})
    patch.setattr(guard, "header_fault", lambda *_: "")


def post_elsewhere(patch):
    original = attempt.address_of
    patch.setattr(attempt, "address_of", lambda clearance: f"{original(clearance)}/again")
    patch.setattr(guard, "address_of", lambda clearance: f"{original(clearance)}/again")


def follow_redirects(patch):
    original = AiohttpTransport.send

    async def send(self, dispatch, *, deadline):
        response = await original(self, dispatch, deadline=deadline)
        if isinstance(response, SendFailure) or "location" not in response.headers:
            return response
        response.close()
        return await original(self, dispatch._replace(url=response.headers["location"]), deadline=deadline)

    patch.setattr(AiohttpTransport, "send", send)


def take_half_a_body(patch):
    original = Answer.next_chunk

    async def next_chunk(self):
        piece = await original(self)
        return None if isinstance(piece, SendFailure) else piece

    patch.setattr(Answer, "next_chunk", next_chunk)


def always_finished(patch):
    patch.setattr("zdr_router.dialects.openai.read_finish_reason", lambda _raw: "stop")


def know_everything(patch):
    patch.setattr(readers, "note_key", lambda *_: None)
    patch.setattr(readers, "note", lambda *_: None)


def drop(chunks, what):
    return [chunk for chunk in chunks if not what(chunk)]


def set_to(module, name, value):
    return lambda patch: patch.setattr(module, name, value)


FORCED = {
    "conditions": {
        "force": [{"set": "prompt_cache_retention", "to": "in_memory"}],
        "permit": ["memory_cache", "extended_cache"],
    }
}
ALL = {"conditions": CONDITIONS}
FAULTS = [
    ("ZDC001", "a key too many", changed(lambda body: body.update(timings={})), {}),
    ("ZDC001", "no usage", changed(lambda body: body.pop("usage")), {}),
    ("ZDC001", "their id", changed(lambda body: body.update(id="theirs")), {}),
    ("ZDC001", "half of the text", changed(lambda body: body["choices"][0]["message"].update(content="red")), {}),
    ("ZDC001", "an error of another library", decoding(lambda _payload, _head: json.loads("{")), {}),
    ("ZDC002", "no role", streaming(lambda chunks: chunks[1:] if len(chunks) > 1 else []), {}),
    (
        "ZDC002",
        "no finish reason",
        streaming(lambda chunks: drop(chunks, lambda chunk: any(each["finish_reason"] for each in chunk["choices"]))),
        {},
    ),
    ("ZDC002", "no usage", streaming(lambda chunks: drop(chunks, lambda chunk: not chunk["choices"])), {}),
    ("ZDC003", "a header too many", add_a_header, {}),
    ("ZDC003", "another path", post_elsewhere, {}),
    ("ZDC004", "nothing is forced", set_to(Clearance, "forced_members", lambda _self: {}), ALL),
    ("ZDC005", "a caller may set it", set_to(asked, "_forced", lambda *_: None), FORCED),
    ("ZDC006", "every feature is open", set_to(standing, "closed_features", lambda _target: frozenset()), {}),
    ("ZDC007", "no condition is looked at", set_to(asked, "failing_checks", lambda *_: ()), ALL),
    ("ZDC008", "everything is known", know_everything, {}),
    ("ZDC009", "what is not carried is dropped", set_to(asked, "judge_carriage", lambda *_: None), {}),
    ("ZDC010", "every endpoint is covered", set_to(clearing, "judge_request", lambda *_: None), {}),
    ("ZDC011", "redirects are followed", follow_redirects, {}),
    ("ZDC012", "half a body will do", take_half_a_body, {}),
    ("ZDC012", "every answer is finished", always_finished, {}),
    ("ZDC013", "every stream ends well", ending(lambda self: self.failed or Outcome.OK), {}),
    (
        "ZDC014",
        "choices are not counted",
        ending(lambda self: self.failed or (Outcome.OK if self._complete() else Outcome.TRUNCATED)),
        {},
    ),
    ("ZDC015", "everything is an answer", decoding(credulous), {}),
    ("ZDC016", "every error is luck", set_to(ended, "classify_error", lambda _status, _body: Outcome.TRANSIENT), {}),
    ("ZDC017", "an error is an answer", decoding(credulous), {}),
    ("ZDC018", "nothing has to be shown", set_to(attempt, "shown", lambda *_: True), ALL),
]


def target_of(check, members):
    """Where the check has something to look at: what cannot be carried, in a foreign format only."""
    wire = BY_DIALECT["litellm:anthropic"] if check == "ZDC009" else OPENAI
    return deployed(wire, **members)


def test_every_check_has_a_fault_that_it_finds():
    assert list(dict.fromkeys(check for check, *_ in FAULTS)) == [check.id for check, _ in wire_checks()]


@pytest.mark.parametrize(("check", "fault", "plant", "members"), FAULTS, ids=[f"{row[0]} {row[1]}" for row in FAULTS])
async def test_a_planted_fault_is_found(check, fault, plant, members, monkeypatch):  # noqa: ARG001 - names the test
    deployment = target_of(check, members)
    assert (await verdict(check, deployment)).status == "passed"
    plant(monkeypatch)
    broken = await verdict(check, deployment)
    assert broken.status == "failed", broken
    assert "red" not in broken.sentence.split()
