"""What a provider, a record and a log learn of a caller's user, over real sockets."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest
from deployments import SAYING, acme, configuration
from upstream import Upstream

from zdr_router import AsyncRouter, ConfigError, Policy, Refused, Tenant
from zdr_router.config import load
from zdr_router.sealed import Sealed

CANARY = "canary93b1@example.org"
PERMITS = {"conditions": {"permit": ["end_user", "labels"]}}
TENANTS = {"acme": Tenant(), "globex": Tenant()}


def made(server: Upstream, identifiers: str = "pseudonym"):
    one = configuration(hosts=[server.url], **PERMITS)
    return acme([one], policy=Policy(minimum_grade="documented", identifiers=identifiers), tenants=TENANTS)


async def names(server: Upstream, salt: str | None, *tenants: str) -> list[str]:
    """What the provider learns from a router that is made anew."""
    deployment = dataclasses.replace(made(server).deployment, salt=None if salt is None else Sealed(salt))
    async with AsyncRouter.of(deployment) as open_router:
        for tenant in tenants:
            await open_router.chat(model="chat", messages=SAYING, tenant=tenant, user=CANARY)
    return [each.json["user"] for each in server.requests[-len(tenants) :]]


async def test_a_provider_learns_a_hash_and_the_same_one_next_time():
    async with Upstream() as server:
        acme_, again, globex = await names(server, None, "acme", "acme", "globex")
    assert acme_ == again != globex
    assert all(CANARY.encode() not in each.body for each in server.requests)


async def test_with_a_salt_it_is_the_same_one_after_a_restart_and_without_it_is_not():
    async with Upstream() as server:
        salted = [(await names(server, "s" * 32, "acme"))[0] for _ in range(2)]
        other = await names(server, "t" * 32, "acme")
        unsalted = [(await names(server, None, "acme"))[0] for _ in range(2)]
    assert salted[0] == salted[1]
    assert len({*salted, *other, *unsalted}) == 4


@pytest.mark.parametrize("parameter", ["user", "safety_identifier", "metadata"])
async def test_what_is_refused_never_reaches_the_provider(parameter):
    value = {CANARY: CANARY} if parameter == "metadata" else CANARY
    async with Upstream() as server, made(server, "refuse") as open_router:
        with pytest.raises(Refused) as raised:
            await open_router.chat(model="chat", messages=SAYING, **{parameter: value})
        assert server.connections == 0
    assert [refusal.id for refusal in raised.value.refusals] == ["ZDR608"]


async def test_neither_name_nor_pseudonym_is_recorded(caplog):
    caplog.set_level(logging.DEBUG)
    async with Upstream() as server, made(server) as open_router:
        answer = await open_router.chat(model="chat", messages=SAYING, user=CANARY)
    kept = json.dumps(answer.metadata.as_dict()) + caplog.text
    assert CANARY not in kept
    assert server.requests[0].json["user"] not in kept


FILE = """\
policy: {minimum_grade: documented}
accounts: {a: {configuration: groq/zdr, api_key: {env: KEY}}}
routes: {chat: {targets: [a/m]}}
salt: {env: SALT}
"""


def test_a_salt_is_read_and_shown_nowhere(tmp_path):
    (tmp_path / "zdr.yaml").write_text(FILE, encoding="utf-8")
    deployment = load(tmp_path / "zdr.yaml", {"SALT": CANARY})
    assert deployment.salt is not None
    assert deployment.salt.open() == CANARY
    assert CANARY not in repr(deployment.salt)


@pytest.mark.parametrize(("salt", "says"), [({}, "the salt is not there"), ({"SALT": "x" * 15}, "has 15 characters")])
def test_a_salt_that_is_missing_or_short_is_a_fault_of_the_file(tmp_path, salt, says):
    (tmp_path / "zdr.yaml").write_text(FILE, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"zdr.yaml:4: .*{says}"):
        load(tmp_path / "zdr.yaml", salt)
