"""The tools as clients see them: what they say of themselves, give, and refuse."""

from __future__ import annotations

import jsonschema
import pytest
import upstream as up
from deployments import acme, configuration, router
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_here import ASK, Kept
from upstream import Upstream

from zdr_router import ErrorCode, Policy
from zdr_router.hosts import mcp
from zdr_router.hosts.mcp.tools import TOOLS


def words(result):
    return "".join(each.text for each in result.content)


async def test_the_tools_say_what_they_are_and_publish_what_they_take_and_give():
    async with router("http://127.0.0.1:9/v1") as open_router, Client(mcp.server(open_router)) as client:
        listed = {each.name: each for each in (await client.list_tools()).tools}
    assert list(listed) == ["ask", "explain_route", "list_models", "check_registry"]
    for tool in listed.values():
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.input_schema["additionalProperties"] is False
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
    assert [name for name, tool in listed.items() if tool.annotations.open_world_hint] == ["ask"]


async def test_what_they_give_is_what_they_publish():
    async with Upstream() as server, router(server) as open_router, Client(mcp.server(open_router)) as client:
        listed = {each.name: each.output_schema for each in (await client.list_tools()).tools}
        given = {"ask": ASK, "explain_route": {"route": "chat"}, "list_models": {}, "check_registry": {}}
        for name, arguments in given.items():
            result = await client.call_tool(name, arguments)
            assert not result.is_error, words(result)
            jsonschema.validate(result.structured_content, listed[name])


async def test_ask_sends_what_it_was_given_and_gives_the_answer_with_its_provenance():
    kept = Kept()
    async with (
        Upstream(up.ok("red and blue")) as server,
        router(server, recorders=[kept]) as open_router,
        Client(mcp.server(open_router, customer="c-1")) as client,
    ):
        result = await client.call_tool(
            "ask", {**ASK, "system": "be brief", "max_tokens": 9, "temperature": 0.5, "prompt": '{"a": 1}'}
        )
        body = server.requests[0].json
    assert words(result) == "red and blue"
    assert [each["content"] for each in body["messages"]] == ["be brief", '{"a": 1}']
    assert (body["max_tokens"], body["temperature"]) == (9, 0.5)
    (metadata,) = kept.all
    assert (metadata.endpoint, metadata.status, metadata.customer) == ("chat.completions", 200, "c-1")
    said = result.structured_content
    assert said["request_id"] == metadata.request_id
    assert said["attestation"] == metadata.attestation
    assert (said["configuration"], said["input_tokens"], said["output_tokens"]) == ("llama-cpp/self-operated", 7, 3)


async def test_a_refusal_is_told_in_public_words():
    kept = Kept()
    strict = Policy(minimum_grade="documented", regions=["eu"])
    async with (
        Upstream() as server,
        acme([configuration(hosts=[server.url])], recorders=[kept]) as open_router,
        Client(mcp.server(open_router, policy=strict)) as client,
    ):
        result = await client.call_tool("ask", ASK)
        assert (await client.call_tool("list_models", {})).structured_content == {"routes": []}
        explained = await client.call_tool("explain_route", {"route": "chat"})
    assert result.is_error
    assert words(result).startswith("zdr_refused: nothing was sent")
    assert "acme/zdr" in words(result)
    assert "a/m" not in words(result)
    assert "acme.yaml" not in words(result)
    assert not server.requests
    assert kept.all[0].error_code is ErrorCode.REFUSED
    assert [each["configuration"] for each in explained.structured_content["refused"]] == ["acme/zdr"]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (up.status(500), "exhausted: no provider answered (llama-cpp/self-operated: transient)"),
        (up.error(429), "rate_limited: no provider answered"),
        (up.error(400), "invalid_request: the provider found the request invalid"),
    ],
)
async def test_a_failure_is_told_by_its_causes(behaviour, said):
    async with (
        Upstream(otherwise=behaviour) as server,
        router(server) as open_router,
        Client(mcp.server(open_router)) as client,
    ):
        result = await client.call_tool("ask", ASK)
    assert result.is_error
    assert words(result).startswith(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "`route` is missing; `prompt` is missing"),
        ({**ASK, "prompt": 5}, "`prompt` has to be a string"),
        ({**ASK, "prompt": ""}, "`prompt` is empty"),
        ({**ASK, "max_tokens": "5"}, "`max_tokens` has to be a whole number"),
        ({**ASK, "max_tokens": 0}, "`max_tokens` is too small"),
        ({**ASK, "temperature": 3}, "`temperature` is too large"),
        ({**ASK, "store": True}, "an argument that was given is no argument of this tool"),
    ],
)
async def test_faulty_arguments_are_told_by_name_and_recorded(arguments, said):
    kept = Kept()
    async with (
        router("http://127.0.0.1:9/v1", recorders=[kept]) as open_router,
        Client(mcp.server(open_router)) as client,
    ):
        result = await client.call_tool("ask", arguments)
    assert result.is_error
    assert words(result) == f"invalid_request: {said}"
    (metadata,) = kept.all
    assert (metadata.endpoint, metadata.status) == ("chat.completions", 400)
    assert metadata.error_code is ErrorCode.INVALID_REQUEST


async def test_a_tool_that_breaks_says_no_more_than_that(monkeypatch, caplog):
    def broken(*_):
        raise ValueError("canary-of-a-bug")

    monkeypatch.setattr("zdr_router.hosts.mcp.looking.models", broken)
    async with router("http://127.0.0.1:9/v1") as open_router, Client(mcp.server(open_router)) as client:
        result = await client.call_tool("list_models", {})
    assert result.is_error
    assert words(result) == "internal: the tool failed"
    assert "tool=list_models kind=ValueError" in caplog.text
    assert "canary-of-a-bug" not in caplog.text


async def test_the_registry_is_read_whole_and_by_attestation():
    async with router("http://127.0.0.1:9/v1") as open_router, Client(mcp.server(open_router)) as client:
        digest = open_router.deployment.registry.digests["groq/zdr"]
        whole = (await client.read_resource("zdr://registry")).contents[0]
        one = (await client.read_resource(f"zdr://attestation/{digest}")).contents[0]
    assert digest in whole.text
    assert '"configuration": "groq/zdr"' in one.text
    assert '"evidence"' in one.text
    assert ".yaml" not in whole.text + one.text
    assert whole.mime_type == one.mime_type == "application/json"


async def test_where_the_operators_own_machines_are_is_not_told():
    own = configuration(hosts=["http://models.internal:8000/v1"], private_network=True)
    async with acme([own]) as open_router, Client(mcp.server(open_router)) as client:
        digest = open_router.deployment.registry.digests["acme/zdr"]
        one = (await client.read_resource(f"zdr://attestation/{digest}")).contents[0]
    assert "models.internal" not in one.text


async def test_a_host_can_add_tools_and_resources_of_its_own():
    async with router("http://127.0.0.1:9/v1") as open_router:
        server = mcp.server(open_router)

        @server.tool()
        def double(number: int) -> int:
            return number * 2

        @server.resource("own://motd")
        def motd() -> str:
            return "hello"

        async with Client(server) as client:
            assert {each.name for each in (await client.list_tools()).tools} == {*TOOLS, "double"}
            assert (await client.call_tool("double", {"number": 4})).structured_content == {"result": 8}
            assert (await client.read_resource("own://motd")).contents[0].text == "hello"


@pytest.mark.parametrize("method", ["tools/call", "resources/read", "prompts/get"])
async def test_what_is_not_there_is_not_quoted(method):
    ask = {
        "tools/call": lambda client: client.call_tool("canary-name", {}),
        "resources/read": lambda client: client.read_resource("zdr://canary-name"),
        "prompts/get": lambda client: client.get_prompt("canary-name"),
    }
    async with router("http://127.0.0.1:9/v1") as open_router, Client(mcp.server(open_router)) as client:
        with pytest.raises(MCPError) as raised:
            await ask[method](client)
    assert "There is no such" in str(raised.value)
    assert "canary-name" not in repr(raised.value.error)
