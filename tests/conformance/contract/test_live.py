"""The live checks, against a provider that a test runs: sound, and with each fault that they have to find."""

from __future__ import annotations

import json

import pytest
import upstream as up
from targets import OPENAI, deployed
from upstream import Upstream

from zdr_router.conformance.contract.asking import PROMPT
from zdr_router.conformance.contract.book import live_checks
from zdr_router.conformance.contract.runner import Demand, most_requests, run
from zdr_router.conformance.contract.session import Length

KEY = "the-account-s-own"
PROVEN = {"conditions": {"response": [{"header": "x-zero-retention", "equals": "true"}]}}
SHOWN = {"x-zero-retention": "true"}
ALL = Demand(wire=False, live=True, bad_key=True, length=Length("max_completion_tokens", 9))


def provider(*, whole=None, stream=None, models=True, keys=True):
    """A provider of one model and one key; what is given is said in place of a sound answer."""

    async def behave(call):
        asked = call.arrived.json
        if keys and call.arrived.headers["authorization"] != f"Bearer {KEY}":
            await up.error(401)(call)
        elif models and asked["model"] != OPENAI.model:
            await up.error(404)(call)
        elif asked.get("stream"):
            await (stream or up.ok("red, yellow", headers=SHOWN))(call)
        else:
            await (whole or up.ok("red, yellow", headers=SHOWN))(call)

    return behave


async def verdicts(behaviour, demand=ALL, **members):
    async with Upstream(otherwise=behaviour) as server:
        deployment = deployed(host=server.url, environ={"KEY": KEY}, **{**PROVEN, **members})
        report = await run(deployment, deployment.targets, demand)
        return {each.check.id: each.verdict for each in report.results}, server.requests


async def test_a_sound_provider_passes_every_check_with_no_more_requests_than_were_said():
    found, requests = await verdicts(provider())
    assert {name: verdict.status for name, verdict in found.items()} == dict.fromkeys(found, "passed")
    assert len(found) == len(live_checks()) == 6
    assert len(requests) == most_requests(ALL, deployed().targets) == 4
    assert found["ZDC102"].sentence == "7 tokens in, 3 out"


async def test_nothing_but_the_kits_own_prompt_is_sent():
    _, requests = await verdicts(provider())
    bodies = [json.loads(each.body) for each in requests]
    assert {json.dumps(body["messages"]) for body in bodies} == {json.dumps([{"role": "user", "content": PROMPT}])}
    assert {body["max_completion_tokens"] for body in bodies} == {9}
    assert [body["model"] for body in bodies] == ["m", "m", "zdr-conform-no-such-model", "m"]
    assert [each.headers["authorization"] == f"Bearer {KEY}" for each in requests] == [True, True, True, False]


async def test_a_made_up_key_is_sent_only_where_it_was_asked_for():
    found, requests = await verdicts(provider(), Demand(wire=False, live=True))
    assert found["ZDC106"] == ("skipped", "a made-up key is sent only with --with-bad-key")
    assert {each.headers["authorization"] for each in requests} == {f"Bearer {KEY}"}
    assert len(requests) == most_requests(Demand(live=True), deployed().targets) == 3


NO_USAGE = up.says({**up.completion("red"), "usage": None}, headers=SHOWN)
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
UNFINISHED = up.stream(up.chunks(["red"], finish=None), headers=SHOWN)
FAULTS = [
    ("ZDC101", provider(whole=up.error(500)), "no answer came: transient"),
    ("ZDC101", provider(whole=up.ok("", headers=SHOWN)), "the answer has no text"),
    ("ZDC102", provider(whole=up.ok("red", headers=SHOWN, usage=NO_TOKENS)), "the provider counts no tokens"),
    ("ZDC103", provider(stream=UNFINISHED), "no whole stream came: truncated"),
    ("ZDC103", provider(stream=up.error(503)), "no whole stream came: transient"),
    ("ZDC104", provider(whole=up.ok("red")), "an answer does not show x-zero-retention"),
    ("ZDC104", provider(stream=up.ok("red")), "an answer does not show x-zero-retention"),
    ("ZDC105", provider(models=False), "a model that does not exist answered"),
    ("ZDC106", provider(keys=False), "a made-up key was taken for a real one"),
]


def test_every_live_check_has_a_fault_that_it_finds():
    assert list(dict.fromkeys(check for check, *_ in FAULTS)) == [check.id for check, _ in live_checks()]


@pytest.mark.parametrize(
    ("check", "behaviour", "sentence"), FAULTS, ids=[f"{row[0]} {at}" for at, row in enumerate(FAULTS)]
)
async def test_a_fault_of_the_provider_is_found(check, behaviour, sentence):
    found, _ = await verdicts(behaviour)
    assert found[check].status == "failed"
    assert sentence in found[check].sentence


async def test_a_provider_that_counts_nothing_is_said_to():
    found, _ = await verdicts(provider(whole=NO_USAGE))
    assert found["ZDC102"] == ("passed", "the provider does not count tokens")


async def test_what_the_policy_does_not_clear_is_not_asked():
    found, requests = await verdicts(provider(), flags={})
    assert requests == []
    assert found.pop("ZDC101").sentence.startswith("it may not be asked, and was not: ZDR201 stores_prompts is unknown")
    assert {verdict.status for verdict in found.values()} == {"skipped"}


async def test_a_model_that_does_not_stream_is_asked_for_no_stream():
    found, requests = await verdicts(provider(), features=["tools"])
    assert found["ZDC103"] == ("skipped", "the model is not declared to stream")
    assert not any(each.json.get("stream") for each in requests)


async def test_of_an_answer_nothing_is_in_a_verdict():
    found, _ = await verdicts(
        provider(whole=up.error(400, message="canary-41"), stream=up.error(400, message="canary-41"))
    )
    assert "canary" not in str(found)
