"""Another deployment in the place of the one in force, over real sockets: what obeys it, from when on."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import logging
import os
import secrets
import shutil
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import LLAMA, SAYING, TODAY, acme, configuration, one_authority, parts, registry
from here import needs_extra
from redis_here import some_redis
from upstream import Upstream, upstream_in_thread

from zdr_router import (
    Account,
    AsyncRouter,
    ConfigError,
    Exhausted,
    InvalidRequest,
    Policy,
    Refused,
    RouteEntry,
    Router,
    Tenant,
)
from zdr_router.driver import watching
from zdr_router.metadata import Outcome
from zdr_router.policy.accounts import SecretSource
from zdr_router.routing.settings import HealthSettings
from zdr_router.state.settings import RedisSettings, StateSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zdr_router.deployment import Deployment

CONTENT = "canary-r21"
LLAMA_FILE = Path(__file__).parents[1] / "providers" / "llama-cpp.yaml"


def deployed(*servers: Upstream | str, **entry: Any) -> Deployment:
    return AsyncRouter(**parts(*servers, **entry)).deployment


def under(deployment: Deployment, **policy: Any) -> Deployment:
    """The same under a policy that says this as well."""
    host = deployment.policies[None] & Policy(**policy)
    return dataclasses.replace(deployment, policies=MappingProxyType({**deployment.policies, None: host}))


def chat(router: AsyncRouter, **parameters: Any):
    return router.chat(**{"model": "chat", "messages": SAYING, **parameters})


async def until(true: Callable[[], object], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what is waited for is not made for tests
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def in_flight(router: AsyncRouter, server: Upstream, **parameters: Any):
    """A request that `server` has, and has not answered."""
    asking = asyncio.create_task(chat(router, **parameters))
    await server.next_request()
    try:
        yield asking
    finally:
        asking.cancel()
        await asyncio.wait({asking})


def failing_when() -> tuple[asyncio.Event, Any]:
    go = asyncio.Event()
    return go, up.when(go, up.error(500))


# --- requests that are under way --------------------------------------------------------------------------------------


async def test_what_has_the_targets_name_now_is_asked_next():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok("new")) as (old, new):
        async with AsyncRouter.of(deployed(old, retries=1)) as router, in_flight(router, old) as asking:
            await router.reload(deployed(new, retries=1))
            go.set()
            answer = await asking
        assert answer.text == "new"
    assert (len(old.requests), len(new.requests)) == (1, 1)
    assert [(each.target, each.outcome) for each in answer.metadata.attempts] == [
        ("a/m", Outcome.TRANSIENT),
        ("a/m", Outcome.OK),
    ]


async def test_a_target_that_the_route_has_now_is_asked_and_one_that_it_had_is_not():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok(), up.ok("new")) as (first, gone, new):
        before, after = deployed(first, gone), parts(first, gone, new)
        after["routes"] = {"chat": RouteEntry(targets=["a/m", "c/m"], retries=0)}
        async with AsyncRouter.of(before) as router, in_flight(router, first) as asking:
            await router.reload(AsyncRouter(**after).deployment)
            go.set()
            answer = await asking
        assert (len(first.requests), len(gone.requests), len(new.requests)) == (1, 0, 1)
    assert answer.text == "new"
    assert [(each.id, each.target) for each in answer.metadata.refusals] == [("ZDR108", "b/m")]


async def test_nobody_is_asked_after_a_reload_who_wants_one_target_only():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok()) as (first, new):
        after = parts(first, new)
        after["routes"] = {"chat": RouteEntry(targets=["b/m", "a/m"], retries=0)}
        wish = {"provider": {"allow_fallbacks": False}}
        async with AsyncRouter.of(deployed(first)) as router, in_flight(router, first, **wish) as asking:
            await router.reload(AsyncRouter(**after).deployment)
            go.set()
            with pytest.raises(Exhausted):
                await asking
        assert not new.requests


async def test_a_reload_gives_no_more_attempts_than_the_route_has():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok()) as (first, new):
        async with AsyncRouter.of(deployed(first, max_attempts=1)) as router, in_flight(router, first) as asking:
            await router.reload(deployed(new, first, max_attempts=1))
            go.set()
            with pytest.raises(Exhausted) as raised:
                await asking
        assert len(raised.value.attempts) == 1
        assert not new.requests


async def test_what_ended_the_attempts_before_a_reload_counts_as_well():
    go, slow = failing_when()
    too_long = up.error(400, code="context_length_exceeded")
    async with up.upstreams(slow, too_long) as (first, new):
        async with AsyncRouter.of(deployed(first)) as router, in_flight(router, first) as asking:
            await router.reload(AsyncRouter(**parts(first, new)).deployment)
            go.set()
            with pytest.raises(Exhausted) as raised:  # the first might have taken it
                await asking
        assert [each.outcome for each in raised.value.attempts] == [Outcome.TRANSIENT, Outcome.CONTEXT_TOO_LONG]


async def test_a_caller_fault_ends_a_request_whatever_a_reload_brought():
    go = asyncio.Event()
    async with up.upstreams(up.when(go, up.error(400)), up.ok()) as (first, new):
        after = parts(first, new)
        async with AsyncRouter.of(deployed(first)) as router, in_flight(router, first) as asking:
            await router.reload(AsyncRouter(**after).deployment)
            go.set()
            with pytest.raises(InvalidRequest):
                await asking
        assert not new.requests


async def test_a_tighter_policy_refuses_the_next_hop():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok()) as (first, second):
        given = deployed(first, second, retries=1)
        tighter = under(given, regions=["eu"])
        async with AsyncRouter.of(given) as router, in_flight(router, first) as asking:
            await router.reload(tighter)
            go.set()
            with pytest.raises(Exhausted) as raised:
                await asking
        assert (len(first.requests), len(second.requests)) == (1, 0)
    metadata = raised.value.metadata
    assert {each.id for each in metadata.refusals} == {"ZDR702"}
    assert metadata.policy_digest == tighter.policies[None].digest


async def test_the_policy_of_the_call_goes_on_to_hold():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok()) as (first, other):
        given = deployed(first, retries=1)
        there = configuration("acme/b", hosts=[other.url], regions=["us"])
        after = acme([there]).deployment  # where the target `a/m` is in the US
        own = Policy(regions=["on_premises"])
        async with AsyncRouter.of(given) as router, in_flight(router, first, policy=own) as asking:
            await router.reload(after)
            go.set()
            with pytest.raises(Exhausted) as raised:
                await asking
        assert not other.requests
    assert "ZDR702" in {each.id for each in raised.value.metadata.refusals}


@pytest.mark.parametrize("what", ["route", "tenant", "account"])
async def test_what_is_gone_is_not_asked_again(what):
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok()) as (first, second):
        given = parts(first, second, retries=1)
        given["tenants"] = {"blue": Tenant()}
        after = {**given}
        if what == "route":
            after["routes"] = {"other": given["routes"]["chat"]}
        elif what == "tenant":
            after["tenants"] = {"red": Tenant()}
        else:
            after["accounts"] = {"c": given["accounts"]["a"]}
            after["routes"] = {"chat": RouteEntry(targets=["c/other"], retries=1)}
            slow_c = AsyncRouter(**after).deployment
        async with AsyncRouter(**given) as router, in_flight(router, first, tenant="blue") as asking:
            await router.reload(slow_c if what == "account" else AsyncRouter(**after).deployment)
            go.set()
            if what == "account":  # the new target is there to take over, under its own name
                with pytest.raises(Exhausted) as raised:
                    await asking
                assert [each.target for each in raised.value.attempts] == ["a/m", "c/other", "c/other"]
            else:
                with pytest.raises(Exhausted) as raised:
                    await asking
                assert [each.target for each in raised.value.attempts] == ["a/m"]
        assert not second.requests
    assert {each.id for each in raised.value.metadata.refusals} == {"ZDR108"}


async def test_a_retry_uses_the_key_that_is_in_force(tmp_path):
    key = tmp_path / "key"
    key.write_text("old-key")

    def now() -> Deployment:
        made = configuration("acme/a", hosts=[server.url], credentials={"auth": "bearer"})
        router = acme([made], api_key=SecretSource(file=str(key)))
        routes = {"chat": dataclasses.replace(router.deployment.routes["chat"], retries=1)}
        return dataclasses.replace(router.deployment, routes=MappingProxyType(routes))

    go, slow = failing_when()
    async with Upstream(slow) as server:
        async with AsyncRouter.of(now()) as router, in_flight(router, server) as asking:
            key.write_text("new-key")
            await router.reload(now())
            go.set()
            await asking
        assert [each.headers["authorization"] for each in server.requests] == ["Bearer old-key", "Bearer new-key"]


async def test_content_that_has_not_left_yet_does_not_leave_under_the_old_state():
    """The attempt has begun: it waits for what its target has to show first."""
    go = asyncio.Event()
    proof = {"header": "X-ZDR", "equals": "true", "preflight": {"get": "/models"}}

    async def slow(call: up.Call) -> None:
        await go.wait()
        await call.answer(200, b"{}", headers={"x-zdr": "true"})

    async def shows(call: up.Call) -> None:
        await (up.ok("new", headers={"x-zdr": "true"}) if call.arrived.body else slow)(call)

    async with up.upstreams(slow, shows) as (old, new):
        before, after = (
            acme([configuration("acme/a", hosts=[each.url], conditions={"response": [proof]})]).deployment
            for each in (old, new)
        )
        async with AsyncRouter.of(before) as router, in_flight(router, old) as asking:
            await router.reload(after)
            go.set()
            answer = await asking
        assert [each.method for each in old.requests] == ["GET"]
        assert [each.method for each in new.requests] == ["GET", "POST"]
    assert [(each.outcome, each.sent) for each in answer.metadata.attempts] == [
        (Outcome.UNCLEARED, "no"),
        (Outcome.OK, "maybe"),
    ]


async def test_a_stream_under_way_comes_to_its_end():
    go = asyncio.Event()
    events = up.chunks(["a", "b"])

    async def behave(call: up.Call) -> None:
        await call.begin(up.SSE)
        for each in events[:2]:
            await call.chunk(up.event(each))
        await go.wait()
        for each in events[2:]:
            await call.chunk(up.event(each))
        await call.chunk(b"data: [DONE]\n\n")
        await call.finish()

    async with up.upstreams(behave, up.ok()) as (first, new), AsyncRouter.of(deployed(first)) as router:
        said = []
        async with router.stream_chat(model="chat", messages=SAYING) as stream:
            async for chunk in stream:
                said += [choice["delta"].get("content") for choice in chunk["choices"]]
                if "a" in said and not go.is_set():
                    other = dataclasses.replace(deployed(new), transport=other_transport())
                    await router.reload(under(other, regions=["eu"]))
                    router.trust.revoke("account:elsewhere", "moves the epoch")
                    await asyncio.sleep(0.4)  # streams are looked through
                    go.set()
        assert "".join(filter(None, said)) == "ab"
        assert stream.metadata.status == 200
        await until(lambda: not router._service._leaving)


async def test_a_stream_that_has_said_nothing_yet_goes_on_at_the_new_target():
    go, slow = failing_when()
    async with up.upstreams(slow, up.ok("new")) as (old, new), AsyncRouter.of(deployed(old)) as router:
        after = parts(old, new)
        after["routes"] = {"chat": RouteEntry(targets=["b/m"], retries=0)}

        async def read() -> str:
            async with router.stream_chat(model="chat", messages=SAYING) as stream:
                return "".join(
                    [choice["delta"].get("content") or "" async for chunk in stream for choice in chunk["choices"]]
                )

        asking = asyncio.create_task(read())
        await old.next_request()
        await router.reload(AsyncRouter(**after).deployment)
        go.set()
        assert await asking == "new"


async def test_a_hedge_after_a_reload_goes_to_what_is_in_force():
    async with up.upstreams(up.hang, up.ok("old"), up.ok("new")) as (silent, old, new):
        given = deployed(silent, old, hedge_after="300ms")
        async with AsyncRouter.of(given) as router, in_flight(router, silent) as asking:
            await router.reload(deployed(silent, new, hedge_after="300ms"))
            assert (await asking).text == "new"
        assert not old.requests


# --- what is asked afterwards -----------------------------------------------------------------------------------------


async def test_explain_shows_what_is_in_force():
    async with up.upstreams(up.ok(), up.ok()) as (first, second):
        given = deployed(first, second)
        router = AsyncRouter.of(given)
        assert [each.target for each in router.explain(model="chat").planned] == ["a/m", "b/m"]
        await router.reload(deployed(first))
        assert [each.target for each in router.explain(model="chat").planned] == ["a/m"]
        await router.reload(under(given, regions=["eu"]))
        assert not router.explain(model="chat").planned
        async with router:
            with pytest.raises(Refused):
                await chat(router)
            await router.reload(given)
            assert [each.target for each in router.explain(model="chat").planned] == ["a/m", "b/m"]
            await chat(router)


async def test_an_attestation_that_has_expired_in_the_new_registry_refuses_at_once():
    async with Upstream() as server:
        sound = configuration("acme/a", hosts=[server.url])
        old = (TODAY - dt.timedelta(30)).isoformat()
        evidence = [{"kind": "policy_page", "locator": "§1", "observed": old, "confidence": "high"}]
        lapsed = configuration(
            "acme/a",
            hosts=[server.url],
            attestation={
                "observed": old,
                "expires": (TODAY - dt.timedelta(1)).isoformat(),
                "evidence": evidence,
            },
        )
        async with acme([sound]) as router:
            await chat(router)
            await router.reload(acme([lapsed]).deployment)
            with pytest.raises(Refused) as raised:
                await chat(router)
    assert {each.id for each in raised.value.refusals} == {"ZDR101"}


async def test_trust_and_what_a_person_isolated_outlive_a_reload():
    async with up.upstreams(up.ok(), up.ok()) as (first, second), AsyncRouter.of(deployed(first, second)) as router:
        router.trust.revoke("target:a/m", "an incident")
        router.isolate("b/m")
        await router.reload(deployed(first))
        await router.reload(deployed(first, second))
        found = router.explain(model="chat")
        assert [each.id for each in found.refusals] == ["ZDR104"]
        assert found.resting == ("b/m",) or not found.planned


async def test_health_is_forgotten_of_what_is_gone_and_kept_of_what_stays():
    async with up.upstreams(up.error(500), up.error(500)) as (first, second):
        settings = HealthSettings(consecutive_failures=1, eject_for=60.0)
        both = dataclasses.replace(deployed(first, second), health=settings)
        one = dataclasses.replace(deployed(first), health=settings)
        async with AsyncRouter.of(both) as router:
            with pytest.raises(Exhausted):
                await chat(router)
            assert len(router.explain(model="chat").resting) == 1
            await router.reload(one)
            await router.reload(both)
            assert router.explain(model="chat").resting == ("a/m",)


async def test_other_health_settings_hold_from_now_on():
    async with (
        up.upstreams(up.error(500), up.ok()) as (first, second),
        AsyncRouter.of(deployed(first, second)) as router,
    ):
        await chat(router)
        assert not router.explain(model="chat").resting
        given = deployed(first, second)
        await router.reload(dataclasses.replace(given, health=HealthSettings(consecutive_failures=1)))
        await chat(router)
        assert router.explain(model="chat").resting == ("a/m",)


async def test_the_clock_that_was_seen_is_not_forgotten():
    now = [dt.datetime.combine(TODAY, dt.time(12), dt.UTC).timestamp()]  # an hour before it is the same day
    async with Upstream() as server:
        given = deployed(server)
        async with AsyncRouter.of(given, clock=lambda: now[0]) as router:
            await chat(router)
            now[0] -= 3600
            await router.reload(given)
            with pytest.raises(Refused) as raised:
                await chat(router)
    assert {each.id for each in raised.value.refusals} == {"ZDR107"}


async def test_a_registry_whose_date_was_ahead_clears_again_once_it_is_mended():
    ahead = (TODAY + dt.timedelta(3)).isoformat()
    evidence = [{"kind": "policy_page", "locator": "§1", "observed": ahead, "confidence": "high"}]
    attestation = {"observed": ahead, "expires": (TODAY + dt.timedelta(30)).isoformat(), "evidence": evidence}
    async with Upstream() as server:
        wrong = configuration("acme/a", hosts=[server.url], attestation=attestation)
        async with acme([wrong]) as router:
            with pytest.raises(Refused) as raised:
                await chat(router)
            assert {each.id for each in raised.value.refusals} == {"ZDR102", "ZDR107"}
            await router.reload(acme([configuration("acme/a", hosts=[server.url])]).deployment)
            await chat(router)
            await router.reload(acme([wrong]).deployment)
            with pytest.raises(Refused):
                await chat(router)


async def test_tenants_keep_the_salts_of_their_caches():
    salted = {"cache": {"medium": "gpu_memory", "isolation": {"parameter": "prompt_cache_key"}}}
    async with Upstream() as server:
        made = configuration("acme/a", hosts=[server.url], **salted)
        given = {"policy": Policy(minimum_grade="documented", cache="gpu_memory"), "tenants": {"blue": Tenant()}}
        async with acme([made], **given) as router:
            await chat(router, tenant="blue")
            await router.reload(acme([made], **given).deployment)
            await chat(router, tenant="blue")
    first, second = (each.json["prompt_cache_key"] for each in server.requests)
    assert first == second


# --- connections and tasks --------------------------------------------------------------------------------------------


def other_transport() -> Any:
    return dataclasses.replace(one_authority(), connect_timeout=9.0)


async def test_connections_are_kept_where_their_settings_stay():
    async with Upstream() as server, AsyncRouter.of(deployed(server)) as router:
        for _ in range(5):
            await chat(router)
            await router.reload(deployed(server))
        await chat(router)
        assert server.connections == 1


async def test_another_transport_opens_a_pool_and_closes_the_old_one_after_its_last_request():
    go = asyncio.Event()
    async with Upstream(up.when(go, up.ok("slow"))) as server, AsyncRouter.of(deployed(server)) as router:
        async with in_flight(router, server) as asking:
            old = router._service.running
            pool = old._lines.transport
            await router.reload(dataclasses.replace(deployed(server), transport=other_transport()))
            await chat(router)
            assert server.connections == 2
            await asyncio.sleep(0.05)
            assert pool._pool is not None
            go.set()
            assert (await asking).text == "slow"
        await until(lambda: pool._pool is None)
        await until(lambda: not router._service._leaving)


async def test_an_old_pool_is_not_kept_for_longer_than_a_request_may_take():
    async with (
        Upstream(otherwise=up.drip_stream) as server,
        AsyncRouter.of(deployed(server, timeout="500ms")) as router,
    ):
        stream = router.stream_chat(model="chat", messages=SAYING)
        async with stream:  # whose reader has stopped to read
            pool = router._service.running._lines.transport
            await router.reload(dataclasses.replace(deployed(server), transport=other_transport()))
            await asyncio.sleep(0.1)
            assert pool._pool is not None
            await until(lambda: pool._pool is None, 3)


async def test_a_trust_store_that_changed_under_its_name_makes_a_new_pool(tmp_path):
    bundle = tmp_path / "ca.pem"
    shutil.copy(one_authority().ca_file, bundle)
    async with Upstream() as server:
        settings = dataclasses.replace(one_authority(), ca_file=str(bundle))
        given = dataclasses.replace(deployed(server), transport=settings)
        async with AsyncRouter.of(given) as router:
            await chat(router)
            await router.reload(given)
            await chat(router)
            assert server.connections == 1
            bundle.write_bytes(bundle.read_bytes() + b"\n# renewed\n")
            await router.reload(given)
            await chat(router)
            assert server.connections == 2
            bundle.write_text("no certificates")
            with pytest.raises(ConfigError, match="no trusted certificates"):
                await router.reload(given)
            await chat(router)
            assert server.connections == 2


async def test_leaving_the_block_ends_what_was_reloaded_as_well():
    async with Upstream(otherwise=up.hang) as server:
        before = asyncio.all_tasks()
        async with AsyncRouter.of(deployed(server)) as router:
            asking = asyncio.create_task(chat(router))
            await server.next_request()
            await router.reload(dataclasses.replace(deployed(server), transport=other_transport()))
            assert router._service._leaving
        assert not router._service._leaving
        asking.cancel()
        await asyncio.wait({asking})
        left = {each for each in asyncio.all_tasks() - before if "Upstream" not in repr(each)}
        assert left == set()
        await asyncio.wait_for(server.requests[0].gone.wait(), 2)


async def test_a_reload_under_load_loses_no_request_and_leaks_nothing():
    async with Upstream(otherwise=up.later(0.02, up.ok())) as server:
        before = asyncio.all_tasks()
        records: list[Any] = []
        recorder = type("Kept", (), {"record": staticmethod(records.append)})
        variants = [
            deployed(server, timeout="20s"),
            dataclasses.replace(deployed(server, timeout="20s"), transport=other_transport()),
        ]
        total = 0
        async with AsyncRouter.of(variants[0], recorders=[recorder]) as router:
            running = True

            async def client() -> None:
                nonlocal total
                while running:
                    assert (await chat(router)).text == "ok"
                    total += 1

            clients = [asyncio.create_task(client()) for _ in range(200)]
            for turn in range(50):
                await router.reload(variants[turn // 5 % 2])
                await asyncio.sleep(0.01)
            running = False
            await asyncio.gather(*clients)
            await until(lambda: not router._service._leaving)
            assert router._service.running._users == 0
        assert total > 500
        assert len(records) == total
        assert {each.status for each in records} == {200}
        left = {each for each in asyncio.all_tasks() - before if "Upstream" not in repr(each)}
        assert left == set()
        await until(lambda: not server._tasks)


async def test_no_hop_begins_under_the_old_policy_once_a_reload_has_returned():
    """Each server knows by now whether it may be asked; requests fail over all the time."""
    async with up.upstreams(up.error(500), up.later(0.003, up.error(500)), up.later(0.003, up.ok())) as servers:
        one, two, three = servers
        every = deployed(*servers, retries=1)
        without = parts(*servers)
        without["routes"] = {"chat": RouteEntry(targets=["a/m", "c/m"], retries=1)}
        narrow = AsyncRouter(**without).deployment
        async with AsyncRouter.of(every) as router:
            stopped = False

            async def client() -> None:
                while not stopped:
                    with contextlib.suppress(Exhausted):
                        await chat(router)

            clients = [asyncio.create_task(client()) for _ in range(20)]
            for _ in range(20):
                await router.reload(narrow)
                await asyncio.sleep(0.05)  # what was on its way has come in
                seen = len(two.requests)
                await asyncio.sleep(0.02)
                assert len(two.requests) == seen
                await router.reload(every)
                await asyncio.sleep(0.01)
            stopped = True
            await asyncio.gather(*clients)
        assert two.requests
        assert three.requests
        assert one.requests


async def test_nothing_more_may_leave_through_the_old_state_once_a_reload_has_returned():
    async with Upstream() as server, AsyncRouter.of(deployed(server)) as router:
        old = router._service.running.sender
        await router.reload(deployed(server))
        assert old._trust.read() is None
        assert router._service.running.sender._trust.read() is not None


async def test_two_reloads_at_once_take_their_turns():
    """What was read first is not in force over what was read later, however long it took."""

    def slowly() -> Deployment:
        time.sleep(0.3)
        return deployed(one)

    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two), AsyncRouter.of(deployed(one)) as router:
        await asyncio.gather(router._service.reload(slowly), router.reload(deployed(two)))
        assert (await chat(router)).text == "two"


# --- what cannot be loaded --------------------------------------------------------------------------------------------


async def test_state_is_not_moved_while_a_router_runs(tmp_path):
    async with Upstream() as server:
        given = deployed(server)
        moved = dataclasses.replace(given, state=StateSettings(tmp_path / "trust.json", source="zdr.yaml:7"))
        async with AsyncRouter.of(given) as router:
            with pytest.raises(ConfigError, match=r"zdr.yaml:7: `state` cannot be changed .*restart"):
                await router.reload(moved)
            assert router.deployment is given
            await chat(router)


async def test_what_a_codec_or_signer_lacks_leaves_everything_as_it_was():
    async with Upstream() as server:
        given = deployed(server)
        bad = configuration(
            "acme/a",
            hosts=["https://bedrock.example.com"],
            regions=["us", "eu"],
            credentials={"auth": "aws_sigv4", "audience": "bedrock"},
        )
        keys = {"access_key_id": {"env": "ID"}, "secret_access_key": {"env": "KEY"}}
        made = parts(server)
        made["registry"] = registry(bad)
        made["accounts"] = {"a": Account(configuration="acme/a", base_url=bad.hosts[0], credentials=keys)}
        async with AsyncRouter.of(given) as router:
            before = asyncio.all_tasks()
            with pytest.raises(ConfigError, match="account a"):
                await router.reload(AsyncRouter(**made, environ={"ID": "x", "KEY": CONTENT}).deployment)
            assert router.deployment is given
            assert asyncio.all_tasks() == before
            await chat(router)


async def test_a_router_of_values_wants_a_deployment():
    async with Upstream() as server:
        with pytest.raises(ValueError, match="give `reload` a deployment"):
            await AsyncRouter.of(deployed(server)).reload()


# --- the operator's file ----------------------------------------------------------------------------------------------


class Files:
    """An operator's folder: zdr.yaml, a folder of provider files, and a key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "zdr.yaml"
        self.key = folder / "key"
        self.providers = folder / "providers"
        self.providers.mkdir(parents=True)
        shutil.copy(LLAMA_FILE, self.providers)
        self.key.write_text("first-key")
        self.ca = folder / "ca.pem"
        shutil.copy(one_authority().ca_file, self.ca)

    def write(self, *urls: str, **more: Any) -> str:
        """The text of zdr.yaml, which is written too."""
        dates = {"since": TODAY.isoformat(), "until": (TODAY + dt.timedelta(30)).isoformat()}
        grant = {"basis": "self_operated", "stated_by": "tests", **dates}
        account = {"configuration": LLAMA, "grant": grant, "api_key": {"file": "key"}}
        body = {
            "registry": {"shipped": False, "providers": ["providers"]},
            "policy": {"minimum_grade": "contracted", "cache": "host_memory", "bind_credentials": False},
            "accounts": {name: {**account, "base_url": url} for name, url in zip("abc", urls, strict=False)},
            "routes": {"chat": {"targets": [f"{name}/m" for name, _ in zip("abc", urls, strict=False)], "retries": 0}},
            "transport": {"ca_file": "ca.pem"},
            **more,
        }
        text = "\n".join(f"{key}: {json.dumps(value)}" for key, value in body.items()) + "\n"
        self.config.write_text(text)
        return text


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "operator")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(watching, "POLL", 0.05)


async def test_the_file_is_read_again(files):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        files.write(one.url)
        async with AsyncRouter.from_config(files.config) as router:
            assert (await chat(router)).text == "one"
            files.write(two.url)
            assert (await chat(router)).text == "one"
            await router.reload()
            assert (await chat(router)).text == "two"


@pytest.mark.parametrize("fault", ["yaml", "key", "account", "gone", "provider"])
async def test_a_bad_file_leaves_all_as_it_was_and_says_where(files, fault):
    async with Upstream() as server:
        text = files.write(server.url)
        async with AsyncRouter.from_config(files.config) as router:
            before, running = router.deployment, router._service.running
            match fault:
                case "yaml":
                    files.config.write_text(text + "routes: [\n")
                    place = r"zdr\.yaml:[67]"
                case "key":
                    files.config.write_text(text + "nonsense: 1\n")
                    place = r"zdr\.yaml:6: unknown key nonsense"
                case "account":
                    files.write(server.url, routes={"chat": {"targets": ["nobody/m"]}})
                    place = r"zdr\.yaml:4: the target nobody/m names no declared account"
                case "gone":
                    files.config.unlink()
                    place = r"zdr\.yaml: cannot be read"
                case _:
                    (files.providers / "llama-cpp.yaml").write_text("provider: {}\n")
                    place = r"llama-cpp\.yaml:1"
            with pytest.raises(ConfigError, match=place):
                await router.reload()
            assert (router.deployment, router._service.running) == (before, running)
            await chat(router)
            assert len(server.requests) == 1


# --- watching ---------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def watched(files: Files):
    async with AsyncRouter.from_config(files.config, watch=True) as router:
        yield router


async def text_of(router: AsyncRouter) -> str:
    return (await chat(router)).text


async def until_it_says(router: AsyncRouter, text: str) -> None:
    async with asyncio.timeout(10):
        while await text_of(router) != text:  # noqa: ASYNC110 - what is waited for is a file
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("how", ["edit", "replace", "link"])
async def test_an_edit_a_replacement_and_another_link_are_noticed(files, how, caplog):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        new = files.write(two.url)
        old = files.write(one.url)
        if how == "link":  # as volumes of Kubernetes are exchanged
            for name, content in (("..1", old), ("..2", new)):
                (files.folder / name).mkdir()
                (files.folder / name / "zdr.yaml").write_text(content)
            (files.folder / "..data").symlink_to("..1")
            files.config.unlink()
            files.config.symlink_to("..data/zdr.yaml")
        async with watched(files) as router:
            assert await text_of(router) == "one"
            await asyncio.sleep(0.2)
            assert "reloaded" not in caplog.text
            match how:
                case "edit":
                    with files.config.open("r+") as stream:
                        stream.write(new)
                case "replace":
                    (files.folder / "new").write_text(new)
                    (files.folder / "new").replace(files.config)
                case _:
                    (files.folder / "..tmp").symlink_to("..2")
                    (files.folder / "..tmp").replace(files.folder / "..data")
            await until_it_says(router, "two")
            await asyncio.sleep(0.2)
    assert [each.levelno for each in caplog.records if "reloaded" in each.message] == [logging.WARNING]


@pytest.mark.usefixtures("quick")
async def test_a_key_that_was_rotated_is_used(files):
    async with Upstream() as server:
        files.write(server.url)
        async with watched(files) as router:
            await chat(router)
            files.key.write_text("second-key")
            async with asyncio.timeout(10):
                while server.requests[-1].headers["authorization"] != "Bearer second-key":
                    await chat(router)
                    await asyncio.sleep(0.02)
        assert server.requests[0].headers["authorization"] == "Bearer first-key"


@pytest.mark.usefixtures("quick")
async def test_a_new_provider_file_and_a_deleted_one_are_noticed(files, caplog):
    async with Upstream() as server:
        files.write(server.url)
        async with watched(files) as router:
            digest = router.deployment.registry.digest
            text = LLAMA_FILE.read_text(encoding="utf-8")
            (files.providers / "more.yaml").write_text(text.replace("llama-cpp", "alpaca-cpp"))
            await until(lambda: router.deployment.registry.digest != digest)
            assert "alpaca-cpp/self-operated" in router.deployment.registry.configurations
            held = router.deployment
            (files.providers / "llama-cpp.yaml").unlink()
            await until(lambda: "not reloaded" in caplog.text)
            assert router.deployment is held
            await chat(router)
    refused = [each for each in caplog.records if "not reloaded" in each.message]
    assert [each.levelno for each in refused] == [logging.ERROR]
    assert "zdr.yaml:3: account a uses the configuration llama-cpp/self-operated" in refused[0].message


@pytest.mark.usefixtures("quick")
async def test_what_is_bad_is_said_once_and_tried_again_when_it_changes(files, caplog):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        good = files.write(one.url)
        async with watched(files) as router:
            files.config.write_text(good + f"overlays: {CONTENT}\n")
            await until(lambda: "not reloaded" in caplog.text)
            await asyncio.sleep(0.3)
            assert caplog.text.count("not reloaded") == 1
            assert await text_of(router) == "one"
            # A file that the bad one names is waited for.
            files.write(two.url, registry={"shipped": False, "providers": ["providers", "late.yaml"]})
            await until(lambda: caplog.text.count("not reloaded") == 2)
            text = LLAMA_FILE.read_text(encoding="utf-8")
            (files.folder / "late.yaml").write_text(text.replace("llama-cpp", "alpaca-cpp"))
            await until_it_says(router, "two")
    assert CONTENT not in caplog.text
    assert "first-key" not in caplog.text
    assert "late.yaml: cannot be read" in caplog.text


@pytest.mark.usefixtures("quick")
async def test_a_file_that_is_being_written_is_not_read(files, caplog):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        new = files.write(two.url)
        files.write(one.url)
        async with watched(files) as router:
            for end in range(0, len(new), 40):
                files.config.write_text(new[:end])
                os.utime(files.config, ns=(time.time_ns(), time.time_ns()))
                await asyncio.sleep(0.01)
            files.config.write_text(new)
            await until_it_says(router, "two")
    assert "not reloaded" not in caplog.text


@pytest.mark.usefixtures("quick")
async def test_what_changed_between_reading_and_opening_is_noticed(files):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        files.write(one.url)
        router = AsyncRouter.from_config(files.config, watch=True)
        files.write(two.url)
        async with router:
            await until_it_says(router, "two")


@pytest.mark.usefixtures("quick")
async def test_nothing_is_watched_unasked_or_afterwards(files, caplog):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        files.write(one.url)
        async with AsyncRouter.from_config(files.config) as router:
            files.write(two.url)
            await asyncio.sleep(0.3)
            assert await text_of(router) == "one"
        before = asyncio.all_tasks()
        async with watched(files):
            pass
        assert {each for each in asyncio.all_tasks() - before if "Upstream" not in repr(each)} == set()
        files.write(one.url)
        await asyncio.sleep(0.3)
    assert "reloaded" not in caplog.text


@pytest.mark.usefixtures("quick")
async def test_a_fault_of_this_library_does_not_end_the_watching(files, caplog, monkeypatch):
    async with up.upstreams(up.ok("one"), up.ok("two")) as (one, two):
        files.write(one.url)
        async with watched(files) as router:

            def broken(self: Any) -> bool:  # noqa: ARG001 - planted
                raise OSError(CONTENT)

            with monkeypatch.context() as patch:
                patch.setattr(watching.Watch, "changed", broken)
                await until(lambda: "not reloaded" in caplog.text)
            files.write(two.url)
            await until_it_says(router, "two")
    assert CONTENT not in caplog.text


# --- without await, and with health in Redis --------------------------------------------------------------------------


def test_the_facade_without_await_reloads_too(files, monkeypatch):
    monkeypatch.setattr(watching, "POLL", 0.05)
    with upstream_in_thread(otherwise=up.ok("one")) as one, upstream_in_thread(otherwise=up.ok("two")) as two:
        files.write(one.url)
        with Router.from_config(files.config) as router:
            assert router.chat(model="chat", messages=SAYING).text == "one"
            files.write(two.url)
            router.reload()
            assert router.chat(model="chat", messages=SAYING).text == "two"
            files.config.write_text("[")
            with pytest.raises(ConfigError):
                router.reload()
            assert router.chat(model="chat", messages=SAYING).text == "two"
        files.write(one.url, two.url)
        router.reload()  # also while it is not open
        assert len(router.explain(model="chat").planned) == 2
        with Router.from_config(files.config, watch=True) as router:
            files.write(two.url)
            deadline = time.monotonic() + 10
            while router.chat(model="chat", messages=SAYING).text != "two":
                assert time.monotonic() < deadline
                time.sleep(0.05)


async def test_shared_health_goes_by_the_targets_and_settings_that_are_in_force(tmp_path):
    needs_extra("redis", "redis")
    with some_redis(tmp_path) as url:
        await health_is_shared(url)


async def health_is_shared(url: str) -> None:
    async with up.upstreams(up.error(500), up.ok()) as (first, second):
        state = StateSettings(health=RedisSettings(url, prefix=f"t{secrets.token_hex(4)}"))
        given = dataclasses.replace(deployed(first), state=state)
        both = dataclasses.replace(
            deployed(first, second), state=state, health=HealthSettings(consecutive_failures=1, eject_for=60.0)
        )
        async with AsyncRouter.of(given) as router:
            await router.reload(both)
            await chat(router)
            await asyncio.sleep(0.6)
            assert router.explain(model="chat").resting == ("a/m",)
            async with AsyncRouter.of(both) as other:
                assert other.explain(model="chat").resting == ("a/m",)
            await router.reload(dataclasses.replace(given, health=both.health))
            await asyncio.sleep(0.5)
            assert set(router._service.health._states) == {"a/m"}
