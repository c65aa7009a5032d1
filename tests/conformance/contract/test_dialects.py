"""Every dialect that the router speaks keeps the contract, over real connections on loopback."""

from __future__ import annotations

import pytest
from targets import CONDITIONS, DIALECTS, OPENAI, deployed

from zdr_router import Tenant
from zdr_router.conformance.contract.runner import Demand, run
from zdr_router.conformance.contract.speech.spoken import SPEECHES
from zdr_router.driver.codecs import spoken

PLAIN = {
    "ZDC004": "the configuration forces nothing",
    "ZDC005": "the configuration forces nothing",
    "ZDC007": "the configuration has no conditions that a request could fail",
    "ZDC018": "the configuration demands nothing of answers",
}
ONE_CHOICE = {"ZDC014": "the format has one choice"}
NATIVE = {"ZDC009": "the format is OpenAI's own, which carries everything that the vocabulary knows"}


def own(wire):
    """What cannot be looked at in a dialect, whatever is declared."""
    if wire.dialect == "openai":
        return NATIVE
    return {} if wire.dialect in {"litellm:azure", "litellm:watsonx"} else ONE_CHOICE


def results(report, status):
    return {each.check.id: each.verdict.sentence for each in report.results if each.verdict.status == status}


def test_every_dialect_that_the_router_speaks_is_here():
    assert {wire.dialect for wire in DIALECTS} == spoken() == SPEECHES.keys()


@pytest.mark.parametrize("wire", DIALECTS, ids=lambda wire: wire.dialect)
async def test_a_dialect_keeps_the_contract(wire):
    deployment = deployed(wire)
    report = await run(deployment, deployment.targets, Demand())
    assert results(report, "failed") == {}
    assert results(report, "skipped") == {**PLAIN, **own(wire)}


@pytest.mark.parametrize("wire", DIALECTS, ids=lambda wire: wire.dialect)
async def test_a_dialect_keeps_it_under_conditions_of_every_kind(wire):
    deployment = deployed(wire, conditions=CONDITIONS)
    report = await run(deployment, deployment.targets, Demand())
    assert results(report, "failed") == {}
    assert results(report, "skipped") == own(wire)


async def test_a_model_that_does_not_stream_is_asked_for_no_stream():
    deployment = deployed(features=["tools"], conditions=CONDITIONS)
    report = await run(deployment, deployment.targets, Demand())
    silent = dict.fromkeys(("ZDC002", "ZDC013", "ZDC014"), "the model is not declared to stream")
    assert results(report, "skipped") == {**NATIVE, **silent}
    assert results(report, "failed") == {}


SALT = {"medium": "host_memory", "isolation": {"parameter": "cache_salt"}}
OFF = {"medium": "disk", "can_disable": True, "isolation": {"off": {"cache_prompt": False}}}


@pytest.mark.parametrize(
    ("cache", "seen"),
    [
        (SALT, "set as declared: cache_salt"),
        (OFF, "set as declared: cache_prompt"),
        # The policy accepts neither, so the kit's copy sets that aside.
        ({**SALT, "medium": "unknown"}, None),
        ({"medium": "disk"}, None),
    ],
    ids=["kept apart", "switched off", "nobody knows where", "on disk"],
)
async def test_what_the_cache_demands_is_looked_for_on_the_wire(cache, seen):
    deployment = deployed(OPENAI, cache=cache, tenants={"acme": Tenant(), "globex": Tenant()})
    report = await run(deployment, deployment.targets, Demand())
    assert results(report, "failed") == {}
    assert results(report, "passed").get("ZDC004") == seen
