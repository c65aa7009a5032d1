"""What a key is told over MCP: its routes, its policy, nothing of what is there for others; and how much it may say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from deployments import configuration, one_authority, registry
from mcp_here import a_book, client, listening, message, post

from zdr_router import AsyncRouter, Policy
from zdr_router.entries import RouteEntry
from zdr_router.hosts import mcp
from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.hosts.mcp import chatter
from zdr_router.hosts.mcp.caller import Caller
from zdr_router.hosts.mcp.tools import call
from zdr_router.policy.accounts import Account
from zdr_router.sealed import Sealed

MINE, THEIRS = "acme/mine", "acme/theirs"


def two_routes() -> AsyncRouter:
    """A router whose route `chat` goes to one configuration, and `other` to another one, which caches in memory."""
    declared = [configuration(MINE), configuration(THEIRS, cache={"medium": "host_memory"})]
    return AsyncRouter(
        registry=registry(*declared),
        transport=one_authority(),
        policy=Policy(minimum_grade="documented", cache="host_memory"),
        accounts={each.provider + str(n): Account(configuration=each.id) for n, each in enumerate(declared)},
        routes={name: RouteEntry(targets=[f"acme{n}/m"]) for n, name in enumerate(("chat", "other"))},
    )


async def told(connected, tool, **arguments):
    return (await connected.call_tool(tool, arguments)).structured_content


async def test_a_key_is_told_of_its_own_routes_alone():
    book, key, _ = a_book(routes=frozenset({"chat"}))
    async with (
        two_routes() as router,
        listening(mcp.app(router, book)) as url,
        client(url, key) as connected,
    ):
        listed = await told(connected, "list_models")
        explained = await told(connected, "explain_route", route="chat")
        checked = await told(connected, "check_registry")
        whole = await told(connected, "check_registry", everything=True)
    assert [each["route"] for each in listed["routes"]] == ["chat"]
    assert THEIRS not in repr([listed, explained, checked])
    assert (checked["configurations"], whole["configurations"]) == (1, 2)


async def test_a_key_may_not_have_another_route_explained_and_cannot_tell_whether_there_is_one():
    book, key, _ = a_book(routes=frozenset({"chat"}))
    asking = [message("tools/call", name="explain_route", arguments={"route": name}) for name in ("other", "nonesuch")]
    async with two_routes() as router, listening(mcp.app(router, book)) as url:
        there, not_there = [await post(url, each, key=key) for each in asking]
    assert (there.status_code, not_there.status_code) == (403, 403)
    assert there.text == not_there.text


async def test_the_tool_itself_explains_no_other_route():
    async with two_routes() as router:
        caller = Caller(routes=frozenset({"chat"}))
        given = Sealed({"route": "other"})
        result = await call(router, "explain_route", given, caller, None)
    assert result.is_error
    assert THEIRS not in result.content[0].text


async def test_the_policy_of_a_key_holds_for_what_it_is_told():
    book, key, _ = a_book(policy=Policy(cache="none"))
    async with (
        two_routes() as router,
        listening(mcp.app(router, book)) as url,
        client(url, key) as connected,
    ):
        listed = await told(connected, "list_models")
        explained = await told(connected, "explain_route", route="other")
    assert [each["route"] for each in listed["routes"]] == ["chat"]
    assert (explained["planned"], len(explained["refused"])) == ([], 1)


@pytest.mark.parametrize(
    ("endpoints", "tool", "status"),
    [
        ({"models"}, "list_models", 200),
        ({"chat.completions"}, "list_models", 403),
        ({"explain"}, "explain_route", 200),
        ({"chat.completions"}, "explain_route", 403),
        ({"embeddings"}, "check_registry", 200),
        ({"embeddings"}, "ask", 403),
    ],
)
async def test_scopes_of_a_key_are_those_of_the_gateway(endpoints, tool, status):
    book, key, _ = a_book(endpoints=frozenset(endpoints))
    arguments = {"route": "chat"} if tool == "explain_route" else {}
    async with two_routes() as router, listening(mcp.app(router, book)) as url:
        answer = await post(url, message("tools/call", name=tool, arguments=arguments), key=key)
        assert (await post(url, message("tools/list"), key=key)).status_code == 200
    assert answer.status_code == status


def test_what_a_key_says_besides_asking_has_a_limit_of_its_own():
    time = SimpleNamespace(now=0.0)
    counted, one, other = chatter.Chatter(lambda: time.now), Admission("one", tenant="acme"), Admission("other")
    assert not any(counted.over(one, "mcp.list") for _ in range(chatter.PER_MINUTE))
    over = counted.over(one, "mcp.list")
    assert isinstance(over, Denied)
    assert (over.status, over.key, over.tenant, over.headers["retry-after"]) == (429, "one", "acme", "1")
    assert counted.over(other, "mcp.list") is None
    time.now = 1.0
    assert counted.over(one, "mcp.list") is None
    assert counted.over(one, "mcp.check_registry") is not None
    time.now = 61.0
    found = [counted.over(one, "mcp.check_registry") for _ in range(chatter.PER_MINUTE // 20 + 1)]
    assert [each is None for each in found] == [True] * (chatter.PER_MINUTE // 20) + [False]


async def test_too_many_messages_are_turned_away_over_http(monkeypatch):
    monkeypatch.setattr(chatter, "PER_MINUTE", 2)
    book, key, _ = a_book()
    async with two_routes() as router, listening(mcp.app(router, book)) as url:
        answers = [await post(url, message("ping"), key=key) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["data"]["code"] == "rate_limit_exceeded"
