"""Looks at targets over real sockets: what is sent, what comes of it, and whom nobody looks at."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest
import upstream as up
from deployments import SAYING, acme, configuration, parts
from signed import Clock
from upstream import Upstream

from zdr_router import AsyncRouter, Policy, Tenant
from zdr_router.driver.attempt import Sender
from zdr_router.driver.looking import LIMIT, Looker, names_in
from zdr_router.driver.probing import AT_ONCE, Prober, Surroundings
from zdr_router.metadata import ErrorCode, Outcome
from zdr_router.policy.accounts import SecretSource
from zdr_router.policy.clearing import Clearing
from zdr_router.routing.health import HealthEvent, admits
from zdr_router.routing.settings import HealthSettings, ProbeSettings
from zdr_router.state.memory import MemoryHealth
from zdr_router.state.trust import MemoryTrust
from zdr_router.transport.aiohttp import AiohttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from zdr_router.deployment import Deployment
    from zdr_router.routing.settings import ProbeMethod


CANARY = "canary-k57"
LISTED = up.says({"object": "list", "data": [{"id": "other"}, {"id": "m"}]})
KEYED = {"credentials": {"auth": "bearer"}}


class Events:
    """Health that writes down what it is told."""

    def __init__(self, settings: HealthSettings) -> None:
        self._inner = MemoryHealth(settings)
        self.told: list[tuple[str, str]] = []

    def apply(self, target: str, event: HealthEvent, now: float) -> Any:
        if event.kind != "asked":
            self.told.append((target, event.kind))
        return self._inner.apply(target, event, now)


def deployed(*servers: Upstream | str, **members: Any) -> Deployment:
    hosts = [each if isinstance(each, str) else each.url for each in servers]
    configurations = [
        configuration(f"acme/{name}", hosts=[host], **members) for name, host in zip("abcdefgh", hosts, strict=False)
    ]
    return acme(configurations, environ={"KEY": CANARY}, api_key=SecretSource(env="KEY")).deployment


@contextlib.asynccontextmanager
async def probing(
    deployment: Deployment,
    by: ProbeMethod = "connect",
    *,
    every: float = 0.2,
    clock: Callable[[], float] = time.time,
    failures: int = 3,
) -> AsyncIterator[SimpleNamespace]:
    """A prober and what it acts on."""
    settings = dataclasses.replace(
        deployment, probe=ProbeSettings(every, by), health=HealthSettings(eject_for=0.3, consecutive_failures=failures)
    )
    events, trust, records = Events(HealthSettings(consecutive_failures=failures, eject_for=0.3)), MemoryTrust(), []
    recorder = SimpleNamespace(record=records.append)
    stores = Surroundings(Clearing(dialects=frozenset({"openai"}), salt_key=bytes(16)), trust, events, [recorder])
    async with AiohttpTransport(settings.transport) as transport:
        looker = Looker(transport, Sender(transport, trust, clock), trust, clock, {})
        made = SimpleNamespace(deployment=settings, events=events, trust=trust, records=records, health=stores.health)
        async with Prober(settings, stores, looker, clock=clock, random=lambda: 0.5) as prober:
            made.prober = prober
            yield made


async def until(true: Callable[[], object], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what is waited for is not made for tests
            await asyncio.sleep(0.005)


def well(made: SimpleNamespace, target: str = "a/m") -> bool:
    now = asyncio.get_running_loop().time()
    return admits(made.health.apply(target, HealthEvent("asked"), now), now)


class Wire:
    """Keeps every byte of every connection, and answers each piece that comes with `answer`."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer = answer
        self.came: list[bytearray] = []
        self.open = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came = bytearray()
        self.came.append(came)
        self.open += 1
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                came += piece
                writer.write(self.answer)
        self.open -= 1
        writer.close()


def http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


# --- what is sent ----------------------------------------------------------------------------------------------------


async def test_connections_are_opened_and_not_a_byte_is_sent():
    async with Wire() as wire:
        async with probing(deployed(wire.url, **KEYED)):
            await until(lambda: len(wire.came) >= 3)
        await until(lambda: not wire.open)
    assert {bytes(each) for each in wire.came} == {b""}


async def test_the_list_of_models_is_asked_for_in_these_bytes():
    async with Wire(http(b'{"data": [{"id": "m"}]}')) as wire, probing(deployed(wire.url, **KEYED), "models") as made:
        await until(lambda: len(made.events.told) >= 4)
    asked = (
        b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: identity\r\naccept: application/json\r\n"
        b"user-agent: zdr-router\r\nauthorization: Bearer %b\r\nContent-Length: 0\r\n\r\n"
    ) % (wire.port, CANARY.encode())
    assert bytes(b"".join(wire.came)) == asked * (len(b"".join(wire.came)) // len(asked))
    assert wire.came


async def test_a_completion_is_asked_for_in_these_bytes():
    answer = http(b'{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}')
    async with Wire(answer) as wire, probing(deployed(wire.url, **KEYED), "completion") as made:
        await until(lambda: ("a/m", "succeeded") in made.events.told)
    body = b'{"model":"m","messages":[{"role":"user","content":"ping"}],"max_tokens":16}'
    asked = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: identity\r\n"
        b"content-type: application/json\r\naccept: application/json\r\nuser-agent: zdr-router\r\n"
        b"authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (wire.port, CANARY.encode(), len(body), body)
    assert bytes(wire.came[0]).startswith(asked)


@pytest.mark.parametrize("by", ["connect", "models"])
async def test_nothing_billed_is_sent_unless_it_is_asked_for(by):
    async with Upstream(otherwise=LISTED) as server, probing(deployed(server), by) as made:
        await until(lambda: len(made.events.told) >= 6)
    assert {each.method for each in server.requests} <= {"GET"}
    assert made.records == []


async def test_what_is_forced_on_every_request_is_forced_on_a_billed_probe():
    forced = {"conditions": {"force": [{"set": "store", "to": False}]}}
    async with Upstream() as server, probing(deployed(server, **forced), "completion"):
        asked = await server.next_request()
    assert asked.json["store"] is False


# --- whom nobody looks at --------------------------------------------------------------------------------------------

STORES = {"flags": {**configuration().flags.model_dump(), "stores_prompts": "yes"}}


@pytest.mark.parametrize("by", ["connect", "models", "completion"])
@pytest.mark.parametrize(("members", "ahead"), [(STORES, 0.0), ({}, 40 * 86400.0)], ids=["stores", "expired"])
async def test_a_target_that_is_refused_gets_not_even_a_connection(by, members, ahead):
    clock = Clock()
    clock.ahead = ahead
    async with Upstream() as server, probing(deployed(server, **members), by, every=0.05, clock=clock) as made:
        await asyncio.sleep(0.3)
    assert server.connections == 0
    assert made.events.told == []
    assert made.records == []


async def test_a_chat_is_not_asked_of_a_target_that_does_not_cover_chats():
    async with Upstream() as server, probing(deployed(server, endpoints=["embeddings"]), "completion", every=0.05):
        await asyncio.sleep(0.3)
    assert server.connections == 0


@pytest.mark.parametrize("by", ["connect", "models", "completion"])
async def test_a_target_that_is_revoked_is_looked_at_no_more_until_it_is_released(by):
    async with (
        Upstream(otherwise=LISTED if by == "models" else up.ok()) as server,
        probing(deployed(server), by, every=0.05) as made,
    ):
        await until(lambda: server.connections)
        made.trust.revoke("account:a", "why")
        await until(lambda: len(made.events.told) % 2 == 0)
        seen, told = (server.connections, len(server.requests)), len(made.events.told)
        await asyncio.sleep(0.3)
        assert ((server.connections, len(server.requests)), len(made.events.told)) == (seen, told)
        made.trust.release("account:a", "found again")
        await until(lambda: len(made.events.told) > told)


async def test_a_target_that_lapses_is_looked_at_no_more():
    clock = Clock()
    async with Upstream() as server, probing(deployed(server), every=0.05, clock=clock) as made:
        await until(lambda: server.connections)
        clock.ahead = 40 * 86400.0
        await asyncio.sleep(0.05)
        seen = server.connections
        await asyncio.sleep(0.3)
    assert server.connections == seen
    assert made.records == []


async def test_a_tenants_target_is_looked_at_under_the_tenants_policy():
    async with Upstream() as mine, Upstream() as theirs:
        configurations = [configuration("acme/a", hosts=[mine.url]), configuration("acme/b", hosts=[theirs.url])]
        tenants = {"t": Tenant(accounts=["b"], policy=Policy(regions=["eu"]))}
        made = acme(configurations, tenants=tenants).deployment
        async with probing(made, every=0.05):
            await until(lambda: mine.connections > 2)
    assert theirs.connections == 0


async def test_a_tenants_target_is_looked_at_as_the_tenants_own():
    async with Upstream() as theirs:
        tenants = {"t": Tenant(accounts=["a"])}
        made = acme([configuration("acme/a", hosts=[theirs.url])], tenants=tenants).deployment
        async with probing(made, "completion", every=0.05) as running:
            await until(lambda: running.records)
    assert running.records[0].tenant == "t"


async def test_one_that_is_used_is_not_looked_at():
    async with Upstream() as server, probing(deployed(server), every=0.4) as made:
        for _ in range(30):
            made.health.apply("a/m", HealthEvent("succeeded", latency=0.1), asyncio.get_running_loop().time())
            await asyncio.sleep(0.05)
        seen = server.connections
        await until(lambda: server.connections)
    assert seen <= 1


# --- what comes of it ------------------------------------------------------------------------------------------------


async def test_a_server_that_goes_down_is_ejected_and_one_that_comes_back_is_let_in_without_a_request(caplog):
    caplog.set_level(logging.INFO, "zdr_router")
    wire = Wire()
    async with wire:
        port = wire.port
    made = deployed(f"http://127.0.0.1:{port}/v1", **KEYED)
    async with probing(made) as running:
        await until(lambda: not well(running))
        assert running.events.told[:6] == [("a/m", "probed"), ("a/m", "failed")] * 3
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
        await until(lambda: running.events.told[-1] == ("a/m", "succeeded"))
        assert well(running)
        server.close()
        await until(lambda: not well(running))
    lines = [each.message for each in caplog.records if "probe" in each.message]
    assert lines == [
        "probe failed target=a/m by=connect outcome=unreachable",
        "probe succeeded again target=a/m by=connect",
        "probe failed target=a/m by=connect outcome=unreachable",
    ]
    assert CANARY not in caplog.text


async def test_an_ejection_that_requests_brought_about_is_not_ended_by_a_connection():
    async with Upstream() as server, probing(deployed(server)) as made:
        for _ in range(3):
            made.health.apply("a/m", HealthEvent("failed"), asyncio.get_running_loop().time())
        await until(lambda: made.events.told.count(("a/m", "abandoned")) >= 2)
        assert ("a/m", "succeeded") not in made.events.told


async def test_an_ejection_that_requests_brought_about_is_ended_by_an_answer():
    async with Upstream() as server, probing(deployed(server), "completion", every=100) as made:
        for _ in range(3):
            made.health.apply("a/m", HealthEvent("failed"), asyncio.get_running_loop().time())
        assert not well(made)
        await until(lambda: ("a/m", "succeeded") in made.events.told)
        assert well(made)
        assert made.health.apply("a/m", HealthEvent("asked"), 0.0).latency is None
    assert len(server.requests) == 1


async def test_an_answer_that_cannot_be_read_is_a_failure():
    async with Upstream(otherwise=up.says({"choices": []})) as server, probing(deployed(server), "completion") as made:
        await until(lambda: made.records)
    assert made.events.told[:2] == [("a/m", "probed"), ("a/m", "failed")]
    (attempt,) = made.records[0].attempts
    assert (attempt.outcome, made.records[0].error_code) == (Outcome.MALFORMED, ErrorCode.EXHAUSTED)


async def test_a_key_that_is_refused_is_found_before_a_request_finds_it(caplog):
    async with (
        Upstream(otherwise=up.error(401, message=CANARY)) as server,
        probing(deployed(server, **KEYED), "models") as made,
    ):
        await until(lambda: not well(made))
    assert "probe failed target=a/m by=models outcome=credential" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize("behaviour", [
    up.error(404), up.error(403), up.error(400), up.status(200, b"<html>"), up.says({"data": [{"id": "other"}]}),
    up.redirect(302, "/login"), up.says({"data": [{"id": "m"}], "pad": "x" * LIMIT}),
], ids=["404", "403", "400", "html", "unlisted", "redirect", "large"])  # fmt: skip
async def test_a_list_that_is_of_no_use_is_asked_for_once(behaviour, caplog):
    async with Upstream(otherwise=behaviour) as server, probing(deployed(server), "models") as made:
        await until(lambda: server.connections >= 4)
        assert well(made)
    assert len(server.requests) == 1
    assert {kind for _, kind in made.events.told} == {"probed", "abandoned"}
    assert caplog.text.count("do not work there") == 1


async def test_a_model_that_is_listed_no_more_is_a_failure():
    async with (
        Upstream(LISTED, otherwise=up.says({"data": []})) as server,
        probing(deployed(server), "models") as made,
    ):
        await until(lambda: ("a/m", "failed") in made.events.told)
    assert made.events.told[:2] == [("a/m", "probed"), ("a/m", "abandoned")]
    assert {each.path for each in server.requests} == {"/v1/models"}


async def test_one_that_asks_to_be_left_alone_is():
    busy = up.status(429, {}, headers={"retry-after": "60"})
    async with Upstream(otherwise=busy) as server, probing(deployed(server), "models", every=0.05) as made:
        await until(lambda: ("a/m", "throttled") in made.events.told)
        await asyncio.sleep(0.3)
    assert len(server.requests) == 1


async def test_a_limit_that_the_model_does_not_know_is_written_otherwise():
    async with (
        Upstream(up.error(400, code="unsupported_parameter")) as server,
        probing(deployed(server), "completion") as made,
    ):
        await until(lambda: ("a/m", "succeeded") in made.events.told)
    assert ["max_completion_tokens" in each.json for each in server.requests[:2]] == [False, True]


async def test_a_billed_probe_is_recorded_as_nobodys_request(caplog):
    caplog.set_level(logging.INFO, "zdr_router")
    async with Upstream() as server, probing(deployed(server), "completion") as made:
        await until(lambda: made.records)
    record = made.records[0]
    assert (record.endpoint, record.route, record.tenant, record.customer) == ("probe", "probe", None, None)
    assert (record.status, record.target, record.input_tokens, record.output_tokens) == (200, "a/m", 7, 3)
    assert record.policy_digest == made.deployment.policies[None].digest
    assert caplog.text == ""


async def test_an_answer_that_contradicts_the_attestation_is_told_to_trust():
    proof = {"conditions": {"response": [{"header": "x-zdr", "equals": "on"}]}}
    async with Upstream() as server, probing(deployed(server, **proof), "completion") as made:
        await until(lambda: made.trust.read().contradicted)
        await asyncio.sleep(0.3)
    assert list(made.trust.read().contradicted) == ["target:a/m"]
    assert len(server.requests) == 1


# --- how many, and for how long --------------------------------------------------------------------------------------


async def test_one_target_has_one_look_at_a_time():
    async with Upstream(otherwise=up.hang) as server, probing(deployed(server), "models", every=0.05) as made:
        await server.next_request()
        await asyncio.sleep(0.5)
        assert len(server.requests) == 1
        assert made.events.told == [("a/m", "probed")]


async def test_many_targets_are_not_looked_at_all_at_once():
    async with Upstream(otherwise=up.hang) as server:
        entry = {"targets": [f"a/m{number}" for number in range(3 * AT_ONCE)]}
        given = {**parts(server), "routes": {"chat": entry["targets"]}}
        made = AsyncRouter(**given).deployment
        async with probing(made, "models", every=0.05):
            await until(lambda: len(server.requests) >= AT_ONCE)
            await asyncio.sleep(0.3)
            assert len(server.requests) == AT_ONCE


@pytest.mark.parametrize("by", ["models", "completion"])
async def test_the_end_of_the_block_ends_what_is_under_way(by):
    async with Upstream(otherwise=up.hang) as server:
        before = asyncio.all_tasks()
        async with probing(deployed(server), by) as made:
            arrived = await server.next_request()
            began = time.monotonic()
        await asyncio.wait_for(arrived.gone.wait(), 2)
        assert time.monotonic() - began < 1
        assert {each for each in asyncio.all_tasks() - before if "Upstream" not in repr(each)} == set()
    assert made.events.told == [("a/m", "probed"), ("a/m", "abandoned")]
    assert [each.error_code for each in made.records] == ([ErrorCode.CANCELLED] if by == "completion" else [])


async def test_a_fault_of_this_library_is_not_hidden(caplog):
    async with Upstream() as server, contextlib.AsyncExitStack() as stack:
        made = await stack.enter_async_context(probing(deployed(server), every=0.05))
        made.prober._random = lambda: "no number"  # planted
        await until(lambda: "probing has ended" in caplog.text)
        with pytest.raises(ExceptionGroup):
            await stack.aclose()


# --- with a router ---------------------------------------------------------------------------------------------------


def with_probes(server: Upstream, every: float = 0.1, **settings: Any) -> AsyncRouter:
    given = AsyncRouter(**parts(server)).deployment
    return AsyncRouter.of(dataclasses.replace(given, probe=ProbeSettings(every, **settings)))


async def test_a_router_looks_while_it_is_open_and_not_before_or_after():
    async with Upstream() as server:
        router = with_probes(server)
        await asyncio.sleep(0.2)
        assert server.connections == 0
        async with router:
            await until(lambda: server.connections >= 2)
            assert (await router.chat(model="chat", messages=SAYING)).text == "ok"
        seen = server.connections
        await asyncio.sleep(0.3)
        assert server.connections == seen
    assert [each.method for each in server.requests] == ["POST"]


async def test_a_router_without_probes_looks_at_nothing():
    async with Upstream() as server, AsyncRouter(**parts(server)):
        assert not [task for task in asyncio.all_tasks() if "Prober" in repr(task.get_coro())]


async def test_requests_that_succeed_keep_a_router_from_looking():
    async with Upstream() as server, with_probes(server, every=0.5) as router:
        for _ in range(15):
            await router.chat(model="chat", messages=SAYING)
            await asyncio.sleep(0.05)
    assert server.connections <= 2


# --- lists of models -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        (b'{"object": "list", "data": [{"id": "m"}, {"id": "n", "object": "model"}]}', {"m", "n"}),
        (b'{"models": [{"name": "models/gemini-2"}], "nextPageToken": "x"}', {"gemini-2"}),
        (b'{"models": [{"name": "command-r", "endpoints": ["chat"]}]}', {"command-r"}),
        (b'[{"id": "m"}]', {"m"}),
        (b'{"data": []}', set()),
        (b'{"data": [1, null, {"id": 7}]}', set()),
        (b'{"data": {"id": "m"}}', None),
        (b"{}", None),
        (b"null", None),
        (b"", None),
        (b"<html>", None),
    ],
)
def test_a_list_is_read_as_each_provider_writes_it(payload, names):
    assert names_in(payload) == names


async def test_a_reload_begins_changes_and_ends_the_looking():
    async with Upstream() as first, Upstream() as second, AsyncRouter(**parts(first)) as router:
        here, there = router.deployment, AsyncRouter(**parts(second)).deployment
        await asyncio.sleep(0.2)
        assert first.connections == 0
        await router.reload(dataclasses.replace(here, probe=ProbeSettings(0.1)))
        await until(lambda: first.connections > 1)
        await router.reload(dataclasses.replace(there, probe=ProbeSettings(0.1, "models")))
        seen = first.connections
        await until(lambda: len(second.requests) > 1)
        assert {each.method for each in second.requests} == {"GET"}
        assert first.connections == seen
        await router.reload(there)
        seen = len(second.requests)
        await asyncio.sleep(0.3)
        assert len(second.requests) == seen
