"""The façade for async hosts."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
import secrets
from typing import Any

import pytest
import upstream as up
from deployments import LLAMA, SAYING, TODAY, acme, configuration, grant, local, parts, registry, router
from here import needs_extra
from redis_here import some_redis
from upstream import Upstream

from zdr_router import (
    Account,
    AsyncRouter,
    ConfigError,
    Exhausted,
    InvalidRequest,
    Policy,
    Refused,
    RouteEntry,
    RouterError,
    Tenant,
)
from zdr_router.config import assemble
from zdr_router.policy.accounts import SecretSource, fingerprint
from zdr_router.registry import Registry
from zdr_router.routing.settings import HealthSettings
from zdr_router.state.settings import RedisSettings, StateSettings
from zdr_router.state.trust_file import FileTrust
from zdr_router.transport.settings import TransportSettings

SALTED = {"cache": {"medium": "gpu_memory", "isolation": {"parameter": "prompt_cache_key"}}}
SWITCHED = {"cache": {"medium": "host_memory", "can_disable": True, "isolation": {"off": {"cache_prompt": False}}}}


def chat(open_router: AsyncRouter, **parameters: Any):
    return open_router.chat(**{"model": "chat", "messages": SAYING, **parameters})


async def test_an_answer_has_text_body_and_metadata():
    async with Upstream() as server, router(server) as open_router:
        answer = await chat(open_router)
    assert answer.text == "ok"
    assert answer.body["choices"][0]["message"] == {"role": "assistant", "content": "ok", "refusal": None}
    metadata = answer.metadata
    assert (metadata.target, metadata.configuration, metadata.model) == ("a/m", LLAMA, "m")
    assert metadata.attestation == open_router.deployment.registry.digests[LLAMA]
    assert metadata.policy_digest == open_router.deployment.policies[None].digest


async def test_a_router_sends_nothing_outside_its_block():
    async with Upstream() as server:
        made = router(server)
        for moment in ("before", "after"):
            with pytest.raises(RuntimeError, match="use `async with`"):
                await chat(made)
            with pytest.raises(RuntimeError, match="use `async with`"):
                await made.embed(model="chat", input="x")
            with pytest.raises(RuntimeError, match="use `async with`"):
                async with made.stream_chat(model="chat", messages=SAYING):
                    pass
            if moment == "before":
                async with made:
                    await chat(made)
        assert len(server.requests) == 1


async def test_leaving_the_block_closes_every_connection():
    async with Upstream() as server:
        async with router(server) as open_router:
            await asyncio.gather(*(chat(open_router) for _ in range(3)))
        assert server.connections
        await asyncio.wait(server._tasks, timeout=5)
        assert not server._tasks


def test_making_a_router_starts_nothing():
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert router("http://127.0.0.1:9/v1").explain(model="chat").planned


async def test_a_stream_is_not_asked_for_by_a_parameter():
    async with Upstream() as server, router(server) as open_router:
        with pytest.raises(InvalidRequest, match="stream_chat") as raised:
            await chat(open_router, stream=True)
        assert raised.value.param == "stream"
        assert server.connections == 0


@pytest.mark.parametrize("model", ["none", "", None, 3, ["chat"]], ids=repr)
async def test_an_unknown_route_is_a_404(model):
    with pytest.raises(InvalidRequest) as raised:
        router("http://127.0.0.1:9/v1").explain(model=model)
    assert (raised.value.param, raised.value.status) == ("model", 404)


# What would happen, without anything happening.


async def test_an_explanation_tells_who_would_serve_and_why_others_may_not():
    kept = configuration("acme/keeps", flags={"stores_prompts": "yes"})
    fine = configuration("acme/zdr", regions=["eu"])
    async with acme([kept, fine]) as open_router:
        explanation = open_router.explain(model="chat", messages=SAYING)
    (planned,) = explanation.planned
    assert (explanation.route, planned.target, planned.configuration) == ("chat", "b/m", "acme/zdr")
    assert planned.until > dt.datetime.now(dt.UTC).timestamp()
    assert explanation.refused_targets == ("a/m",)
    assert {refusal.id for refusal in explanation.refusals} == {"ZDR201"}
    assert explanation.as_dict()["planned"][0]["target"] == "b/m"


async def test_an_explanation_is_what_then_happens():
    async with up.upstreams([], []) as servers, router(*servers) as open_router:
        wishes = {"provider": {"order": ["b/m"]}}
        (first, *_) = open_router.explain(model="chat", messages=SAYING, **wishes).planned
        assert (await chat(open_router, **wishes)).metadata.target == first.target == "b/m"


async def test_explaining_sends_and_records_nothing():
    seen = []

    class Recorder:
        def record(self, metadata):
            seen.append(metadata)

    async with Upstream() as server, router(server, recorders=[Recorder()]) as open_router:
        open_router.explain(model="chat", messages=SAYING)
        open_router.explain(model="chat", endpoint="embeddings", input="x")
        assert (seen, server.connections) == ([], 0)


def test_an_explanation_shows_what_is_forced():
    made = acme([configuration(conditions={"force": [{"set": "store", "to": False}]})])
    assert made.explain(model="chat").planned[0].forced == ("store",)


# Tenants.


def two_tenants(*urls: str, **members: Any) -> AsyncRouter:
    configurations = [configuration(f"acme/{name}", hosts=[url], **members) for name, url in zip("ab", urls)]  # noqa: B905
    tenants = {"north": Tenant(accounts=["a"]), "south": Tenant(policy=Policy(regions=["eu"]))}
    return acme(configurations, tenants=tenants, policy=Policy(cache="host_memory"))


async def test_a_tenant_that_is_not_configured_is_refused():
    async with Upstream() as server, two_tenants(server.url) as open_router:
        with pytest.raises(InvalidRequest) as raised:
            await chat(open_router, tenant="nobody")
        assert raised.value.param == "tenant"
        assert raised.value.metadata.tenant == "unknown"
        assert server.connections == 0


@pytest.mark.parametrize("tenant", [None, "south"])
async def test_an_account_of_a_tenant_serves_nobody_else(tenant):
    async with Upstream() as server, two_tenants(server.url) as open_router:
        with pytest.raises(Refused) as raised:
            await chat(open_router, tenant=tenant)
        assert "ZDR307" in {each.id for each in raised.value.refusals}
        assert server.connections == 0
        answer = await chat(open_router, tenant="north")
        assert (answer.metadata.tenant, answer.metadata.target) == ("north", "a/m")


async def test_a_fallback_does_not_reach_an_account_of_another_tenant():
    async with up.upstreams([], [up.error(500)]) as servers:
        async with two_tenants(*(server.url for server in servers)) as open_router:
            with pytest.raises(Exhausted):
                await chat(open_router)
        assert [len(server.requests) for server in servers] == [0, 1]


async def test_the_policy_of_a_tenant_tightens_the_hosts():
    async with up.upstreams([], []) as servers, two_tenants(*(server.url for server in servers)) as open_router:
        with pytest.raises(Refused) as raised:
            await chat(open_router, tenant="south")
    assert {(each.target, each.id) for each in raised.value.refusals} >= {("b/m", "ZDR702")}


async def test_each_tenant_has_a_cache_salt_of_its_own_that_nobody_can_guess():
    async with (
        up.upstreams([], []) as servers,
        two_tenants(*(server.url for server in servers), **SALTED) as open_router,
    ):
        tenants = {"east": Tenant(), "west": Tenant()}
        shared = acme(
            [configuration(hosts=[servers[1].url], **SALTED)], tenants=tenants, policy=Policy(cache="gpu_memory")
        )
        await chat(open_router, tenant="north")
        assert "prompt_cache_key" not in servers[0].requests[0].json  # an account of its own has a cache of its own
        async with shared:
            for tenant in ("east", "west", "east", None):
                await chat(shared, tenant=tenant)
            with pytest.raises(Refused):
                await chat(shared, tenant="east", prompt_cache_key="west's")
    east, west, again, operator = [each.json["prompt_cache_key"] for each in servers[1].requests]
    assert east == again
    assert len({east, west, operator}) == 3
    assert not {"east", "west"} & {east, west}


async def test_a_cache_that_cannot_be_told_apart_by_tenant_is_switched_off():
    tenants = {"east": Tenant(), "west": Tenant()}
    async with Upstream() as server:
        one = configuration(hosts=[server.url], **SWITCHED)
        async with acme([one], tenants=tenants, policy=Policy(cache="host_memory")) as open_router:
            await chat(open_router, tenant="east")
            with pytest.raises(Refused):
                await chat(open_router, tenant="east", cache_prompt=True)
    assert server.requests[0].json == {"model": "m", "messages": list(SAYING), "cache_prompt": False}
    assert len(server.requests) == 1


async def test_a_cache_that_no_tenant_is_served_by_is_not_switched_off():
    async with Upstream() as server, router(server) as open_router:
        await chat(open_router)
        assert "cache_prompt" not in server.requests[0].json


# Policies and preferences of a call.


async def test_the_policy_of_a_call_only_tightens():
    async with Upstream() as server:
        tight = acme([configuration(hosts=[server.url], **SWITCHED)], policy=Policy(cache="none", regions=["us"]))
        async with tight as open_router:
            await chat(open_router, policy=Policy(cache="disk", regions=["us", "eu"]))
            assert server.requests[0].json["cache_prompt"] is False
            with pytest.raises(Refused) as raised:
                await chat(open_router, policy=Policy(regions=["eu"]))
            assert [each.id for each in raised.value.refusals] == ["ZDR702"]
            assert len(server.requests) == 1


async def test_the_policy_of_a_call_is_named_in_its_record():
    async with Upstream() as server, router(server) as open_router:
        plain = (await chat(open_router)).metadata
        tight = (await chat(open_router, policy=Policy(regions=["on_premises"]))).metadata
    assert plain.policy_digest != tight.policy_digest


@pytest.mark.parametrize(
    ("wishes", "served"),
    [
        ({"order": ["c/m"]}, "c/m"),
        ({"only": ["b/m"]}, "b/m"),
        ({"ignore": ["a/m", "b/m"]}, "c/m"),
        ({"only": ["acme"]}, "a/m"),
        ({"zdr": True, "data_collection": "deny", "require_parameters": True}, "a/m"),
        # They cannot widen: these are read, and change nothing.
        ({"zdr": False, "data_collection": "allow", "require_parameters": False}, "a/m"),
    ],
    ids=repr,
)
async def test_preferences_order_and_narrow(wishes, served):
    async with up.upstreams([], [], []) as servers:
        made = acme([configuration(f"acme/{i}", hosts=[server.url]) for i, server in enumerate(servers)])
        async with made as open_router:
            assert (await chat(open_router, provider=wishes)).metadata.target == served


async def test_without_fallbacks_one_target_is_asked():
    async with up.upstreams([up.error(500)], []) as servers, router(*servers) as open_router:
        with pytest.raises(Exhausted) as raised:
            await chat(open_router, provider={"allow_fallbacks": False})
        assert len(raised.value.attempts) == 1
        assert servers[1].connections == 0


async def test_preferences_that_leave_nobody_are_a_refusal():
    async with Upstream() as server, router(server) as open_router:
        with pytest.raises(Refused) as raised:
            await chat(open_router, provider={"only": ["elsewhere"]})
    assert [each.id for each in raised.value.refusals] == ["ZDR801"]


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"store": True}, "ZDR603"),
        ({"user": "somebody"}, "ZDR603"),
        ({"made_up": 1}, "ZDR602"),
        ({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}]}, "ZDR603"),
        ({"web_search_options": {}}, "ZDR603"),
    ],
    ids=["store", "user", "unknown", "remote image", "web search"],
)  # fmt: skip
async def test_what_voids_zero_retention_is_refused_not_dropped(parameters, rule):
    async with Upstream() as server, router(server) as open_router:
        with pytest.raises(Refused) as raised:
            await chat(open_router, **parameters)
        assert rule in {each.id for each in raised.value.refusals}
        assert server.connections == 0


# Trust.


async def test_a_revocation_holds_until_it_is_released():
    async with Upstream() as server, router(server) as open_router:
        for subject in ("provider:llama-cpp", f"configuration:{LLAMA}", "account:a", "target:a/m"):
            open_router.trust.revoke(subject, "because")
            with pytest.raises(Refused) as raised:
                await chat(open_router)
            assert [each.id for each in raised.value.refusals] == ["ZDR104"]
            open_router.trust.release(subject, "looked into")
            assert (await chat(open_router)).text == "ok"


def _kept(server, folder):
    """A deployment whose trust is kept in a file."""
    made = parts(server)
    state = StateSettings(trust=folder / "trust.json")
    return assemble(**{**made, "routes": {"chat": RouteEntry(targets=["a/m"])}, "state": state})


async def test_a_revocation_by_another_process_stops_the_next_request_of_an_open_router(tmp_path):
    elsewhere = FileTrust(tmp_path / "trust.json")
    elsewhere.init("new", again=False)
    async with Upstream() as server, AsyncRouter.of(_kept(server, tmp_path)) as open_router:
        assert (await chat(open_router)).text == "ok"
        elsewhere.revoke("target:a/m", "an incident")
        await asyncio.sleep(0.3)
        with pytest.raises(Refused) as raised:
            await chat(open_router)
        assert [each.id for each in raised.value.refusals] == ["ZDR104"]
        elsewhere.release("target:a/m", "looked into")
        await asyncio.sleep(0.3)
        assert (await chat(open_router)).text == "ok"
        (tmp_path / "trust.json").unlink()
        await asyncio.sleep(0.3)
        with pytest.raises(Refused) as raised:
            await chat(open_router)
        assert [each.id for each in raised.value.refusals] == ["ZDR105"]


async def test_a_router_whose_trust_state_was_never_made_does_not_open(tmp_path):
    async with Upstream() as server:
        with pytest.raises(ConfigError, match="zdr trust init"):
            async with AsyncRouter.of(_kept(server, tmp_path)):
                pass


async def test_a_clock_that_goes_back_or_lies_before_the_registry_clears_nothing():
    async with Upstream() as server:
        clock = [dt.datetime.now(dt.UTC).timestamp()]
        deployment = assemble(**{**parts(server), "routes": {"chat": RouteEntry(targets=["a/m"])}})
        async with AsyncRouter.of(deployment, clock=lambda: clock[0]) as open_router:
            assert (await chat(open_router)).text == "ok"
            clock[0] -= 10
            with pytest.raises(Refused) as raised:
                await chat(open_router)
            assert "ZDR107" in {each.id for each in raised.value.refusals}
            assert "ZDR107" in {each.id for each in open_router.explain(model="chat").refusals}
            clock[0] += 10
            assert (await chat(open_router)).text == "ok"
        observed = max(each.attestation.observed for each in deployment.registry.configurations.values())
        began = dt.datetime(observed.year, observed.month, observed.day, tzinfo=dt.UTC).timestamp()
        for before, refused in ((0.0, False), (2.0, True)):
            clock[0] = began - before
            explanation = AsyncRouter.of(deployment, clock=lambda: clock[0]).explain(model="chat")
            assert ("ZDR107" in {each.id for each in explanation.refusals}) == refused


async def test_a_grant_that_lapses_while_the_router_runs_is_noticed():
    async with Upstream() as server:
        clock = [dt.datetime.now(dt.UTC).timestamp()]
        made = parts(server)
        deployment = assemble(**{**made, "routes": {"chat": RouteEntry(targets=["a/m"], retries=0)}})
        async with AsyncRouter.of(deployment, clock=lambda: clock[0]) as open_router:
            await chat(open_router)
            clock[0] += 40 * 86400
            with pytest.raises(Refused):
                await chat(open_router)
        assert len(server.requests) == 1


async def test_an_attestation_that_will_soon_lapse_is_told_at_the_start(caplog):
    caplog.set_level(logging.WARNING, "zdr_router")
    soon = configuration("acme/soon")
    evidence = [{"kind": "policy_page", "locator": "§1", "observed": TODAY.isoformat(), "confidence": "high"}]
    later = configuration("acme/later", attestation={
        "observed": TODAY.isoformat(), "expires": (TODAY + dt.timedelta(80)).isoformat(), "evidence": evidence,
    })  # fmt: skip
    near = configuration("acme/near", attestation={
        "observed": TODAY.isoformat(), "expires": (TODAY + dt.timedelta(5)).isoformat(), "evidence": evidence,
    })  # fmt: skip
    async with acme([soon, later, near]):
        pass
    told = [record.getMessage() for record in caplog.records]
    assert any("acme/near days=5" in each for each in told)
    assert not any("acme/later" in each for each in told)


async def test_a_missing_secret_refuses_its_account_alone():
    async with up.upstreams([], []) as servers:
        needy = configuration("acme/a", hosts=[servers[0].url], credentials={"auth": "bearer"})
        free = configuration("acme/b", hosts=[servers[1].url])
        async with acme([needy, free], api_key=SecretSource(env="NOT_SET"), environ={}) as open_router:
            answer = await chat(open_router)
        assert servers[0].connections == 0
    assert answer.metadata.target == "b/m"
    assert [(each.target, each.id) for each in answer.metadata.refusals] == [("a/m", "ZDR309")]


async def test_a_grant_bound_to_another_credential_does_not_hold():
    async with Upstream() as server:
        one = configuration(hosts=[server.url], mechanism={"kind": "contract", "fail_mode": "closed"},
                            credentials={"auth": "bearer"})  # fmt: skip
        for key, holds in (("mine", True), ("other", False)):
            stated = grant(basis="contract", credential=fingerprint("a", "mine"), scope={"account": "x"})
            account = Account(configuration=one.id, api_key=SecretSource(env="KEY"), grant=stated,
                              scope={"account": "x"})  # fmt: skip
            made = AsyncRouter(registry=registry(one), policy=Policy(minimum_grade="contracted"),
                               accounts={"a": account}, routes={"chat": ["a/m"]}, environ={"KEY": key})  # fmt: skip
            assert bool(made.explain(model="chat").planned) is holds


# Building.


def test_a_route_may_be_given_as_a_list_of_targets():
    made = parts("http://127.0.0.1:9/v1")
    assert AsyncRouter(**{**made, "routes": {"chat": ["a/m"]}}).explain(model="chat").planned


@pytest.mark.parametrize("route", [[], ["nobody/m"], ["a"], ["a/m", "a/m"], [""], "a/m"], ids=repr)
def test_a_route_that_does_not_do_is_a_configuration_error(route):
    with pytest.raises(ConfigError):
        AsyncRouter(**{**parts("http://127.0.0.1:9/v1"), "routes": {"chat": route}})


async def test_a_trust_store_that_cannot_be_read_is_a_configuration_error(tmp_path):
    made = parts("http://127.0.0.1:9/v1")
    with pytest.raises(ConfigError):
        async with AsyncRouter(**{**made, "transport": TransportSettings(ca_file=str(tmp_path / "none.pem"))}):
            pass


def test_the_shipped_registry_is_used_unless_another_is_given():
    made = parts("http://127.0.0.1:9/v1")
    del made["registry"]
    assert AsyncRouter(**made).deployment.registry.digest == Registry.shipped().digest


async def test_recorders_are_told_and_one_that_fails_is_the_hosts_own_error():
    class Broken:
        def record(self, metadata):
            raise OSError(28, metadata.route)

    async with Upstream() as server, router(server, recorders=[Broken()]) as open_router:
        with pytest.raises(OSError, match="chat"):
            await chat(open_router)


# One test that no foreign exception leaks through the public API.

NASTY: list[Any] = [
    None, True, 0, -1, 2**70, 1.5, float("nan"), float("inf"), "", "x", "\ud800", b"bytes", [], ["x"], {}, {"x": 1},
    {1: 2}, [None], [[]], [{}], (), ("x",), {"type": None}, [{"role": "user"}], [{"role": None, "content": 1}],
    object(),
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC), {"a": {"b": {"c": [object()]}}},
]  # fmt: skip
NAMES = ["messages", "model", "temperature", "n", "stop", "tools", "tool_choice", "response_format", "stream_options",
         "logit_bias", "provider", "seed", "user", "metadata", "store", "modalities", "prediction", "stream",
         "customer", "tenant", "key", "made_up"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_is_asked_only_our_own_errors_are_raised(name):
    async with Upstream() as server, router(server) as open_router:
        for value in NASTY:
            if name in {"customer", "tenant", "key"} and not isinstance(value, str | None):
                continue  # a type checker's business
            given = {"model": "chat", "messages": SAYING, name: value}
            vectors = {"model": "chat", "input": value} if name == "messages" else {"input": "x", **given}
            vectors.pop("messages", None)
            with contextlib.suppress(RouterError):
                await open_router.chat(**given)
            with contextlib.suppress(RouterError):
                await open_router.embed(**vectors)
            with contextlib.suppress(RouterError):
                async with open_router.stream_chat(**given) as stream:
                    _ = [chunk async for chunk in stream]
            given.pop("customer", None)
            given.pop("key", None)
            with contextlib.suppress(RouterError):
                open_router.explain(**given)


async def test_a_server_that_needs_no_key_gets_the_one_that_its_account_names():
    async with Upstream() as server:
        for name, sent in (("KEY", "Bearer sk-own"), (None, None)):
            source = None if name is None else SecretSource(env=name)
            stated = grant(credential=None if name is None else fingerprint("own", "sk-own"))
            open_router = AsyncRouter(
                policy=Policy(minimum_grade="contracted", cache="host_memory"),
                accounts={"own": local(server.url, api_key=source, grant=stated)},
                routes={"chat": RouteEntry(targets=["own/m"], retries=0)},
                environ={"KEY": "sk-own"},
            )
            async with open_router:
                await chat(open_router)
            assert server.requests[-1].headers.get("authorization") == sent


async def test_a_body_that_is_not_json_is_the_callers_fault_and_is_not_sent():
    async with Upstream() as server, router(server) as open_router:
        with pytest.raises(InvalidRequest, match="not JSON") as raised:
            await chat(open_router, messages=[{"role": "user", "content": "\ud800"}])
        assert server.connections == 0
    assert (raised.value.status, raised.value.param, raised.value.metadata.attempts) == (400, "messages", ())


async def test_an_isolated_target_gets_nothing_until_it_is_restored():
    async with up.upstreams([], []) as servers, router(*servers) as open_router:
        open_router.isolate("a/m")
        assert open_router.explain(model="chat").resting == ("a/m",)
        assert [(await chat(open_router)).metadata.target for _ in range(3)] == ["b/m"] * 3
        open_router.restore("a/m")
        assert (await chat(open_router)).metadata.target == "a/m"
    assert [len(server.requests) for server in servers] == [1, 3]


@pytest.mark.parametrize("name", ["isolate", "restore"])
def test_only_a_target_that_a_route_has_is_isolated(name):
    with pytest.raises(ValueError, match="no route has the target 'a/n'; those that there are: a/m"):
        getattr(router("http://127.0.0.1:9"), name)("a/n")


async def test_the_health_of_the_deployment_is_the_one_that_counts():
    async with up.upstreams([up.error(500)] * 9, []) as servers:
        made = router(*servers).deployment
        deployment = dataclasses.replace(made, health=HealthSettings(consecutive_failures=1))
        async with AsyncRouter.of(deployment) as open_router:
            assert [(await chat(open_router)).metadata.target for _ in range(3)] == ["b/m"] * 3
            assert open_router.explain(model="chat").resting == ("a/m",)
        assert len(servers[0].requests) == 1


async def test_two_routers_share_health_through_redis(tmp_path):
    needs_extra("redis", "redis")
    with some_redis(tmp_path) as url:
        async with up.upstreams([], []) as servers:
            shared = StateSettings(health=RedisSettings(url, prefix=f"zdr-test-{secrets.token_hex(6)}"))
            deployment = dataclasses.replace(router(*servers).deployment, state=shared)
            async with AsyncRouter.of(deployment) as one, AsyncRouter.of(deployment) as other:
                one.isolate("a/m")
                async with asyncio.timeout(5):
                    while "a/m" not in other.explain(model="chat").resting:  # noqa: ASYNC110 - it is another worker
                        await asyncio.sleep(0.02)
                assert (await chat(other)).metadata.target == "b/m"
                one.restore("a/m")


def test_a_router_that_cannot_be_told_how_to_reach_redis_is_refused_with_the_place():
    shared = StateSettings(health=RedisSettings("http://127.0.0.1", source="zdr.yaml:9"))
    deployment = dataclasses.replace(router("http://127.0.0.1:9").deployment, state=shared)

    async def enter():
        async with AsyncRouter.of(deployment):
            pass

    with pytest.raises(ConfigError, match=r"^zdr\.yaml:9"):
        asyncio.run(enter())
