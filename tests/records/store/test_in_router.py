"""A router whose operator asks for records keeps one for each request, and no content with it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from types import MappingProxyType

import pytest
import upstream as up
from deployments import TODAY, acme, configuration, parts
from here import needs_extra
from upstream import Upstream

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from stores import SALT, database, kept, settings  # noqa: E402 - it stands after what may be missing

from zdr_router import AsyncRouter, ConfigError, Exhausted, Policy, Refused, RouterError  # noqa: E402 - as above
from zdr_router.driver.running import Running  # noqa: E402 - as above
from zdr_router.metadata import ErrorCode, Signal  # noqa: E402 - as above
from zdr_router.records.store import store as module  # noqa: E402 - as above
from zdr_router.records.store.incidents import archived, incident  # noqa: E402 - as above
from zdr_router.records.store.pseudonym import Pseudonyms  # noqa: E402 - as above
from zdr_router.sealed import Sealed  # noqa: E402 - as above

CANARY = "canary71f0"
SAYING = [{"role": "user", "content": CANARY}]
ECHO = {"x-request-id": CANARY, "x-error": CANARY}
OUTCRY = {"error": {"message": CANARY, "type": CANARY, "code": CANARY, "param": CANARY}}


def keeping(place, deployment, **members):
    return dataclasses.replace(deployment, records=settings(place, **members))


def deployed(*servers, **members):
    return AsyncRouter(**parts(*servers, timeout="300ms", **members)).deployment


async def test_every_ending_has_a_record_and_no_content_is_in_any_file(tmp_path):
    place = tmp_path / "kept" / "records.db"
    endings = [up.ok(CANARY, headers=ECHO), up.status(400, OUTCRY, headers=ECHO), up.status(500, OUTCRY), up.hang]
    told = []
    for ending in endings:
        async with (
            Upstream(otherwise=ending) as server,
            AsyncRouter.of(keeping(place, deployed(server))) as router,
        ):
            with contextlib.suppress(RouterError):
                answer = await router.chat(model="chat", messages=SAYING, user=CANARY, customer="c-1", key="k-1")
                told.append(answer.metadata)
            with contextlib.suppress(RouterError):
                await router.chat(model="chat", messages=SAYING, customer="c-1", key="k-1")
            with contextlib.suppress(RouterError):
                await router.chat(model=CANARY, messages=SAYING, tools=[{"type": CANARY}])
            with contextlib.suppress(RouterError):
                async with router.stream_chat(model="chat", messages=SAYING, customer="c-2") as stream:
                    async for _ in stream:
                        pass
            router.turned_away("models", 401, ErrorCode.INVALID_KEY, duration_ms=1, signals=(Signal.UNKNOWN_KEY,))
            await router.records.flush()
            files = [path.read_bytes() for path in place.parent.iterdir()]
            assert not any(CANARY.encode() in data for data in files)
            # The look above sees something: what may be kept is in there.
            assert any(b"c-1" in data for data in files)
    found = await kept(place)
    assert len(found) == 5 * len(endings)
    assert CANARY not in str(found)
    assert {each["error_code"] for each in found} >= {None, "zdr_refused", "invalid_request", "exhausted"}
    assert sum(each["signals"] == ["unknown_key"] for each in found) == len(endings)


async def test_what_is_recorded_is_the_metadata_that_the_caller_has(tmp_path):
    place = tmp_path / "records.db"
    async with Upstream(otherwise=up.ok("hello")) as server:
        deployment = keeping(place, deployed(server))
        async with AsyncRouter.of(deployment) as router:
            answer = await router.chat(model="chat", messages=SAYING, customer="c-1")
    (row,) = await kept(place)
    assert row == {**answer.metadata.as_dict(), "signals": []}
    today = dt.datetime.fromtimestamp(answer.metadata.time, dt.UTC).date()
    async with database(place) as opened:
        found = await incident(opened, "llama-cpp/self-operated", today, today + dt.timedelta(1))
        assert [each.pseudonym for each in found.affected] == [Pseudonyms(Sealed(SALT)).of(None, "c-1")]
        assert found.claims[0].attestation == answer.metadata.attestation
        assert found.claims[0].declared["id"] == "llama-cpp/self-operated"


async def test_an_operators_file_is_enough(tmp_path):
    file = tmp_path / "zdr.yaml"
    since, until = TODAY - dt.timedelta(1), TODAY + dt.timedelta(30)
    async with Upstream(otherwise=up.ok("hello")) as server:
        file.write_text(
            f"""\
policy: {{minimum_grade: contracted, cache: host_memory}}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: {server.url}
    grant: {{basis: self_operated, stated_by: tests, since: {since}, until: {until}}}
tenants: {{acme: {{}}}}
routes: {{chat: {{targets: [local/m]}}}}
salt: {{env: SALT}}
records: {{store: {{file: kept/records.db}}, keep: 30d}}
""",
            encoding="utf-8",
        )
        async with AsyncRouter.from_config(file, environ={"SALT": SALT}) as router:
            await router.chat(model="chat", messages=SAYING, tenant="acme", customer="c-1", key="k-1")
            await router.reload()
            await router.chat(model="chat", messages=SAYING, tenant="acme", customer="c-1", key="k-1")
    rows = await kept(tmp_path / "kept" / "records.db")
    assert [(row["tenant"], row["customer"], row["key"], row["target"]) for row in rows] == [
        ("acme", "c-1", "k-1", "local/m")
    ] * 2


async def test_a_request_that_could_not_be_recorded_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_EVERY", 60.0)
    place = tmp_path / "records.db"
    async with (
        Upstream(otherwise=up.ok()) as server,
        AsyncRouter.of(keeping(place, deployed(server), hold=3)) as router,
    ):
        for _ in range(3):
            await router.chat(model="chat", messages=SAYING)
        sent = len(server.requests)
        with pytest.raises(Exhausted, match="requests cannot be recorded for now") as caught:
            await router.chat(model="chat", messages=SAYING)
        with pytest.raises(Exhausted):
            async with router.stream_chat(model="chat", messages=SAYING):
                pass
        metadata = caught.value.metadata
        assert (metadata.status, metadata.error_code, metadata.attempts) == (503, ErrorCode.UNRECORDED, ())
        assert caught.value.retry_after == 1
        assert len(server.requests) == sent
        await router.records.flush()
        await router.chat(model="chat", messages=SAYING)
        assert router.records.lost == 0
    assert len(await kept(place)) == 4


async def test_a_store_that_cannot_be_opened_keeps_the_router_closed(tmp_path):
    (tmp_path / "records.db").write_bytes(b"this is no database" * 100)
    router = AsyncRouter.of(keeping(tmp_path / "records.db", deployed("http://127.0.0.1:9/v1"), source="zdr.yaml:9"))
    with pytest.raises(ConfigError, match=r"zdr\.yaml:9: records cannot be kept"):
        await router.__aenter__()
    with pytest.raises(RuntimeError, match="not open"):
        await router.chat(model="chat", messages=SAYING)


async def test_what_ends_while_the_router_closes_is_recorded(tmp_path, monkeypatch):
    place = tmp_path / "records.db"
    close = Running.close

    async def closing(self, *patience):
        await close(self, *patience)
        router.turned_away("chat", 503, ErrorCode.CLOSING, duration_ms=1)

    monkeypatch.setattr(Running, "close", closing)
    async with AsyncRouter.of(keeping(place, deployed("http://127.0.0.1:9/v1"))) as router:
        pass
    assert [each["error_code"] for each in await kept(place)] == ["closing"]


async def test_a_reload_archives_what_comes_into_force_before_anything_is_recorded_under_it(tmp_path):
    place = tmp_path / "records.db"

    def claiming(server, title):
        made = acme([configuration("acme/zdr", [server.url], title=title)])
        return keeping(place, made.deployment)

    async with Upstream(otherwise=up.ok()) as server, AsyncRouter.of(claiming(server, "One")) as router:
        await router.chat(model="chat", messages=SAYING, customer="c-1")
        await router.reload(claiming(server, "Two"))
        metadata = (await router.chat(model="chat", messages=SAYING, customer="c-1")).metadata
    async with database(place) as opened:
        for digest in (metadata.registry_digest, metadata.attestation, metadata.policy_digest):
            assert await archived(opened, digest) is not None
        found = await incident(opened, "acme/zdr", dt.date(2026, 1, 1), dt.date(2100, 1, 1))
    assert {each.declared["title"] for each in found.claims} == {"One", "Two"}


@pytest.mark.parametrize("change", [{"keep": 86_400.0}, {"place": "other.db"}, None])
async def test_a_reload_that_changes_records_is_refused(tmp_path, change):
    before = keeping(tmp_path / "records.db", deployed("http://127.0.0.1:9/v1"), source="zdr.yaml:9")
    async with AsyncRouter.of(before) as router:
        after = None if change is None else dataclasses.replace(before.records, **change)
        with pytest.raises(ConfigError, match="`records` cannot be changed while a router runs"):
            await router.reload(dataclasses.replace(before, records=after))
        assert router.deployment is before
        other = dataclasses.replace(before.records, salt=Sealed("another salt than it was"))
        with pytest.raises(ConfigError, match=r"zdr\.yaml:9: `records` cannot be changed"):
            await router.reload(dataclasses.replace(before, records=other))


async def test_a_policy_that_tenants_have_is_archived_as_well(tmp_path):
    place = tmp_path / "records.db"
    deployment = keeping(place, deployed("http://127.0.0.1:9/v1"))
    tenant = deployment.policies[None] & Policy(minimum_grade="enclave")
    policies = MappingProxyType({**deployment.policies, "acme": tenant})
    async with AsyncRouter.of(dataclasses.replace(deployment, policies=policies)) as router:
        with pytest.raises(Refused):
            await router.chat(model="chat", messages=SAYING, tenant="acme")
    async with database(place) as opened:
        assert await archived(opened, tenant.digest) is not None
    (row,) = await kept(place)
    assert (row["tenant"], row["error_code"]) == ("acme", "zdr_refused")
    assert row["refusals"]


def test_without_records_there_is_no_store():
    assert AsyncRouter(**parts("http://127.0.0.1:9/v1")).records is None
