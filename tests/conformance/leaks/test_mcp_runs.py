"""Hosts that speak MCP: this project's keep nothing on any path, and careless ones are found out on each."""

from __future__ import annotations

import os
import sys

import careless_mcp
import pytest
from here import needs_extra

from zdr_router import AsyncRouter
from zdr_router.conformance.leaks.hosts.command import NotReady
from zdr_router.conformance.leaks.kit import Kit
from zdr_router.conformance.leaks.paths import MCP_PATHS
from zdr_router.hosts import gateway, mcp

ZDR = [sys.executable, "-m", "zdr_router", "mcp", "-c", "{config}"]
CARELESS = [sys.executable, careless_mcp.__file__]
FEW = ("answer", "stream", "error-400", "stream-error", "stream-left", "cancelled", "stream-cancelled")
NOT_SENT = sorted(path.name for path in MCP_PATHS if not path.reaches and path.route != "dead")
"""Paths that end in the host, for better or worse."""

WITHOUT_AN_ANSWER = {"garbage", "unknown-notification"}


@pytest.fixture
def kit():
    return Kit()


def sound(report):
    assert report.findings == ()
    assert report.undriven == []
    told = {each.path: each.told for each in report.driven}
    assert told["answer"] == told["stream"] == "200"
    assert told["refused"] == told["invalid"] == told["stray"] == told["error-400"] == "an error"
    assert told["cancelled"] == told["stream-cancelled"] == told["stream-left"] == "left"
    assert report.clean
    return told


@pytest.mark.timeout(200)
def test_over_stdio_nothing_stays_of_any_path(kit):
    needs_extra("mcp", "mcp")
    report = kit.command(ZDR, mcp="stdio")
    told = sound(report)
    assert told.keys() == {path.name for path in MCP_PATHS}
    assert report.detectors == {"files": "", "output": "", "answers": ""}
    assert report.residue is not None, report.notes


@pytest.mark.timeout(120)
def test_over_http_nothing_stays(kit):
    needs_extra("mcp", "mcp", "uvicorn")
    command = [*ZDR, "--http", "127.0.0.1:{port}"]
    told = sound(kit.command(command, mcp="http", only=[*FEW, *NOT_SENT]))
    assert told["garbage"] == "400"


def gateway_with_tools():
    """The gateway's application with the tools at `/mcp` beside it."""
    router = AsyncRouter.from_config(os.environ["ZDR_LEAKS_CONFIG"])
    tools, rest = mcp.app(router), gateway.app(router)

    async def both(scope, receive, send):
        if scope["type"] != "lifespan":
            await (tools if scope["path"] == "/mcp" else rest)(scope, receive, send)
            return
        await receive()
        async with router, tools:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return both


@pytest.mark.timeout(120)
def test_beside_the_gateway_nothing_stays(kit):
    needs_extra("mcp", "mcp")
    needs_extra("gateway", "starlette")
    sound(kit.application(gateway_with_tools, mcp="http", only=[*FEW, "refused", "invalid", "stray", "unknown-tool"]))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("over", ["stdio", "http"])
def test_an_error_that_quotes_is_found_on_every_path_that_is_not_sent(kit, over, monkeypatch):
    monkeypatch.setenv("LEAK", "answer")
    only = [name for name in NOT_SENT if over == "http" or name != "wrong-key"]
    report = kit.command(CARELESS if over == "stdio" else [*CARELESS, "{port}"], mcp=over, only=only, memory=False)
    assert {each.path for each in report.findings} == set(only) - WITHOUT_AN_ANSWER
    assert {each.detector for each in report.findings} == {"answers"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("how", "detector", "where"),
    [("stdout", "output", "stdout"), ("stderr", "output", "stderr"), ("file", "files", "work/asked.json")],
)
def test_a_careless_command_is_found_out_over_stdio(kit, how, detector, where, monkeypatch):
    monkeypatch.setenv("LEAK", how)
    only = [name for name in NOT_SENT if name != "wrong-key"]  # there is none over stdio
    report = kit.command(CARELESS, mcp="stdio", only=only, memory=False)
    assert {(each.detector, each.where) for each in report.findings} == {(detector, where)}
    assert {each.path for each in report.findings} == set(only)


def test_progress_that_has_content_is_found(kit, monkeypatch):
    monkeypatch.setenv("LEAK", "progress")
    report = kit.command(CARELESS, mcp="stdio", only=["stream"], memory=False)
    assert {(each.detector, each.where, each.path) for each in report.findings} == {("output", "stdout", "stream")}


def test_a_call_that_is_answered_with_an_error_is_no_answer(kit):
    report = kit.command(CARELESS, mcp="stdio", only=["answer"], memory=False)
    assert [(each.told, each.fault) for each in report.driven] == [
        ("an error", "should have been answered, and ended as an error")
    ]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("how", "detector"), [("log", "logs"), ("answer", "answers"), ("file", "files")])
def test_a_careless_application_is_found_out(kit, how, detector, monkeypatch):
    monkeypatch.setenv("LEAK", how)
    report = kit.application(careless_mcp.application, mcp="http", only=["unknown-tool"])
    assert {each.detector for each in report.findings} - {"objects"} == {detector}


def test_a_command_that_does_not_answer_is_told_of(kit):
    with pytest.raises(NotReady, match="did not answer `initialize`"):
        kit.command([sys.executable, "-c", "print('hello')"], mcp="stdio", only=["answer"])
