"""The kit's copy of a deployment: what stays, what is set aside, and that it leads nowhere else."""

from __future__ import annotations

import dataclasses

import pytest
from targets import BY_DIALECT, CONDITIONS, OPENAI, deployed

from zdr_router.conformance.contract.replica import MADE_UP, replica
from zdr_router.errors import ConfigError
from zdr_router.transport.settings import TransportSettings

KEY = "the-account-s-own"


def copied(wire=OPENAI, **members):
    deployment = deployed(wire, environ={"KEY": KEY}, **members)
    return deployment.targets[0], replica(deployment, deployment.targets[0], 4242)


def test_the_copy_knows_no_address_but_that_of_the_kits_server():
    _, made = copied()
    (target,) = made.targets
    assert target.base_url == target.account.base_url == "http://127.0.0.1:4242/v1"
    assert target.configuration.hosts == ["http://127.0.0.1:4242/v1"]


def test_the_accounts_key_is_not_in_it():
    target, made = copied()
    assert target.credential.open() == KEY
    assert made.targets[0].credential.open() == MADE_UP


def test_requests_that_are_signed_carry_a_made_up_token_instead():
    target, made = copied()
    signed = dataclasses.replace(target, auth="google")
    assert replica(deployed(), signed, 1).targets[0].auth == "bearer"
    assert made.targets[0].auth == "bearer"


def test_a_proxy_is_not_asked():
    deployment = dataclasses.replace(deployed(), transport=TransportSettings(proxy="http://proxy.example:3128"))
    assert replica(deployment, deployment.targets[0], 1).transport.proxy is None


def test_what_says_whether_it_may_be_used_is_set_aside():
    members = {
        "flags": {"stores_prompts": "yes"},
        "mechanism": {"kind": "org_setting", "fail_mode": "open"},
        "exceptions": [{"trigger": "abuse_flag"}],
        "legs": [{"leg": "upstream", "flags": {}}],
    }
    target, made = copied(**members)
    assert made.targets[0].configuration.flags.stores_prompts == "no"
    assert target.configuration.flags.stores_prompts == "yes"


def test_what_requests_and_answers_look_like_stays():
    target, made = copied(BY_DIALECT["litellm:cohere"], conditions=CONDITIONS)
    (copy,) = made.targets
    assert copy.rules is target.rules
    assert copy.model == target.model
    for name in ("dialect", "endpoints", "conditions", "cache", "models"):
        assert getattr(copy.configuration, name) == getattr(target.configuration, name)


def test_a_target_whose_every_request_is_refused_is_said_to_be():
    with pytest.raises(ConfigError, match=r"can serve no request at all: ZDR607, .* project"):
        copied(dataclasses.replace(BY_DIALECT["litellm:watsonx"], scope={}))
