"""What the catalogue says of clearing is held against the room that clears."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from deployments import NO_FLAGS, TODAY, configuration
from hypothesis import given
from strategies import cases

from zdr_router.policy.accounts import Account, Grant
from zdr_router.policy.calendar import start_of
from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.policy import Policy
from zdr_router.policy.standing import stand
from zdr_router.policy.target import make_target
from zdr_router.policy.trust import Trust
from zdr_router.registry import Configuration, Registry, Source
from zdr_router.registry.facts import Model
from zdr_router.sealed import Sealed
from zdr_router.site.verdict import effective, verdict

LAX = Policy(
    minimum_grade="claimed",
    cache="disk",
    cache_isolation="none",
    tolerate=["abuse_flag", "csam_screening", "safety_retention", "error_debug", "sampling", "legal_hold"],
    human_review_within_exceptions=True,
    bind_credentials=False,
).complete()
STRICT = Policy(minimum_grade="documented", bind_credentials=False).complete()
ELSEWHERE = {"ZDR701", "ZDR702", "ZDR703", "ZDR705"}  # the account's address, and what this release speaks
SHIPPED = Registry.shipped()
each_shipped = pytest.mark.parametrize("shipped", SHIPPED.configurations.values(), ids=list(SHIPPED.configurations))


def target_of(declared, model, day, *, granted=True):
    """What the best of accounts makes of a configuration: it holds whatever grant and scope is asked for."""
    mechanism = declared.mechanism
    scope = {mechanism.scope: "ours"}
    dates = {"since": day - dt.timedelta(1), "until": day + dt.timedelta(1)}
    grant = Grant(basis=mechanism.kind, stated_by="tests", scope=scope, **dates) if granted else None
    account = Account(
        configuration=declared.id,
        base_url="http://127.0.0.1:9/v1" if declared.self_operated else None,
        scope=scope,
        grant=grant,
    )
    target = make_target(
        account_name="best",
        account=account,
        configuration=declared,
        model="m",
        country="US",
        tenant=None,
        shared=False,
        credential=Sealed("key"),
        digest="sha256:0",
        source=Source("acme.yaml", {"": 1}),
        rules=compile_conditions(declared.conditions),
    )
    return dataclasses.replace(target, declared=model, excluded=None)


def clears(declared, day, policy, **how):
    """Whether some model of it can be cleared for a request of plain text."""
    for model in declared.models:
        target = target_of(declared, model, day, **how)
        standing = stand(target, policy, Trust(), frozenset({declared.dialect}), start_of(day))
        if {refusal.id for refusal in standing.refusals} <= ELSEWHERE:
            return True
    return False


def check(declared, day):
    found = verdict(declared, day)
    able = found.kind not in ("never", "not_now")
    assert able == clears(declared, day, LAX), found
    if able:
        assert (found.kind == "documents") == clears(declared, day, LAX, granted=False), found
        assert (", under a policy that" not in found.sentence) == clears(declared, day, STRICT), found


@each_shipped
def test_what_is_said_of_a_shipped_configuration_is_what_clearing_does(shipped):
    for day in (shipped.attestation.observed, dt.date(2026, 1, 1), dt.date(2099, 1, 1)):
        check(shipped, day)


@given(cases())
def test_what_is_said_of_any_configuration_is_what_clearing_does(case):
    day = dt.datetime.fromtimestamp(case.now, dt.UTC).date()
    for file in case.provider_files:
        for raw in file["configurations"]:
            check(Configuration.model_validate(raw), day)


SETTING = {"kind": "org_setting", "scope": "organization", "fail_mode": "closed"}
PROJECT = {"kind": "project_setting", "scope": "project", "fail_mode": "closed"}
UPSTREAM = {"leg": "upstream", "flags": {**NO_FLAGS, "logs_content": "yes", "human_review": "unknown"}}


@pytest.mark.parametrize(
    ("members", "kind", "words"),
    [
        ({}, "documents", ["Clears for any account, on what is published."]),
        ({"mechanism": SETTING}, "grant", ["holds a grant (organisation setting)"]),
        ({"mechanism": PROJECT}, "grant", ["(project setting, naming its project)"]),
        ({"mechanism": {**SETTING, "fail_mode": "open"}}, "never", ["content may leave without", "fail mode: open"]),
        ({"mechanism": {"kind": "request_parameter", "fail_mode": "closed"}}, "never", ["none is forced"]),
        ({"flags": {**NO_FLAGS, "logs_content": "yes"}}, "never", ["Never clears: it logs content."]),
        ({"flags": {}}, "never", ["it is unknown whether it stores prompts,", "or shares or sells content"]),
        ({"legs": [UPSTREAM]}, "never", ["its upstream leg logs content", "its upstream leg lets people read"]),
        ({"cache": {}}, "never", ["nobody knows where it caches"]),
        ({"models": []}, "never", ["no model"]),
        ({"models": [{"id": "m", "origin": "proxied"}]}, "never", ["nobody attests where its models run"]),
        ({"cache": {"medium": "disk"}}, "documents", ["accepts a prompt cache in disk storage", "an account each"]),
        (
            {"exceptions": [{"trigger": "sampling"}, {"trigger": "csam_screening", "when": "images"}]},
            "documents",
            ["tolerates sampling and allows people to read", "also need CSAM screening tolerated for images."],
        ),
        (
            {"exceptions": [{"trigger": "abuse_flag", "when": "files", "human_review": "unknown"}]},
            "documents",
            ["also need abuse flag tolerated for files and people allowed to read what is kept"],
        ),
    ],
)
def test_the_sentence_names_what_it_takes(members, kind, words):
    found = verdict(configuration(**members), TODAY)
    assert found.kind == kind
    assert [each for each in words if each not in found.sentence] == []


def test_after_its_last_day_a_configuration_is_refused_and_on_it_not():
    declared = configuration()
    last = declared.attestation.expires
    assert verdict(declared, last).kind == "documents"
    lapsed = verdict(declared, last + dt.timedelta(1))
    assert lapsed.kind == "not_now"
    assert str(last) in lapsed.sentence
    assert verdict(declared, TODAY - dt.timedelta(1)).kind == "not_now"


def test_a_flag_over_all_legs_is_the_worst_of_them_and_names_whose_it_is():
    declared = configuration(flags={**NO_FLAGS, "stores_prompts": "yes"}, legs=[UPSTREAM])
    assert effective(declared, "logs_content") == ("yes", ("upstream",))
    assert effective(declared, "human_review") == ("unknown", ("upstream",))
    assert effective(declared, "stores_prompts") == ("yes", ())
    assert effective(declared, "trains_on_content") == ("no", ())


def test_a_model_runs_somewhere_known_only_if_someone_attests_it():
    upstream = {"leg": "upstream", "flags": NO_FLAGS}
    proxied = configuration(models=[Model(id="m", origin="proxied").model_dump()], legs=[upstream])
    assert verdict(proxied, TODAY).kind == "documents"
