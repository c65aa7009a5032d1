"""What the shipped registry declares of requests and answers is kept on the wire, configuration by configuration."""

from __future__ import annotations

import re

import pytest
from deployments import one_authority, shipped
from targets import verdict

from zdr_router import Account, AsyncRouter, Policy
from zdr_router.driver.codecs import spoken

ABOUT_CONDITIONS = ("ZDC001", "ZDC004", "ZDC005", "ZDC007", "ZDC018")


def conditional():
    """One configuration for each dialect, way to authenticate, cache and set of conditions beyond a list of tools."""
    found = {}
    for each in shipped().configurations.values():
        conditions = each.conditions
        if each.dialect not in spoken() or "chat.completions" not in each.endpoints:
            continue
        if conditions.force or conditions.forbid or conditions.response or each.cache.isolation is not None:
            found.setdefault((each.dialect, each.credentials.auth, str(conditions), str(each.cache)), each.id)
    return list(found.values())


def deployment(name):
    """The configuration as an operator would use it, but for a grant and a key."""
    declared = shipped().configurations[name]
    region = declared.regions[0] if declared.regions else "eu"
    host = declared.hosts[0].replace("{region}", region) if declared.hosts else "http://127.0.0.1:9/v1"
    account = Account(configuration=name, base_url=re.sub(r"\{\w+\}", "x", host), scope={"project": "p"})
    model = next((each.id for each in declared.models if each.id), "any-model")
    router = AsyncRouter(
        registry=shipped(),
        policy=Policy(minimum_grade="contracted"),
        accounts={"a": account},
        routes={"chat": [f"a/{model}"]},
        transport=one_authority(),
        environ={},
    )
    return router.deployment


@pytest.mark.parametrize("name", conditional())
async def test_the_conditions_of_a_shipped_configuration_are_kept(name):
    made = deployment(name)
    found = {check: await verdict(check, made) for check in ABOUT_CONDITIONS}
    assert {check: each.sentence for check, each in found.items() if each.status == "failed"} == {}
    declared = made.targets[0].configuration.conditions
    assert (found["ZDC018"].status == "passed") == bool(declared.response)
    assert (found["ZDC005"].status == "passed") == bool(declared.force)
    assert found["ZDC004"].status == "passed" or not declared.force
