"""What callers send is in no log line, on no stream of the process, and in no error about arguments."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import upstream as up
from deployments import router
from mcp.client import Client
from mcp_here import ASK, Kept, a_book, asking, listening, message, post
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from upstream import Upstream

import zdr_router
from zdr_router.hosts import mcp

CANARY = "canary-9d1f-what-is-my-diagnosis"
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": CANARY, "version": CANARY},
}
BAD_ARGUMENTS = [
    {"prompt": CANARY},
    {"route": CANARY, "prompt": CANARY},
    {**ASK, "prompt": [CANARY]},
    {**ASK, "system": {CANARY: CANARY}},
    {**ASK, "max_tokens": CANARY},
    {**ASK, "temperature": CANARY},
    {**ASK, CANARY: CANARY},
    {**ASK, "prompt": CANARY, "route": [CANARY]},
    {**ASK, "route": CANARY * 20},
]
MESSAGES = [
    *(message("tools/call", name="ask", arguments=each) for each in BAD_ARGUMENTS),
    message("tools/call", name=CANARY, arguments={}),
    message("tools/call", name=[CANARY], arguments={}),
    message("tools/call", name="ask", arguments=CANARY),
    message("tools/call", name="explain_route", arguments={"route": CANARY, "tools": CANARY}),
    message("tools/call", name="list_models", arguments={CANARY: 1}),
    message("tools/call", name="check_registry", arguments={"everything": CANARY}),
    message("resources/read", uri=f"zdr://attestation/{CANARY}"),
    message("resources/read", uri=CANARY),
    message("prompts/get", name=CANARY),
    message("completion/complete", argument={"name": CANARY, "value": CANARY}),
    message("logging/setLevel", level=CANARY),
    message("tools/list", cursor=CANARY),
    message(CANARY, canary=CANARY),
    {**message("ping"), "id": CANARY},
    {"jsonrpc": "2.0", "method": CANARY, "params": {CANARY: CANARY}},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": CANARY, "reason": CANARY}},
    {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": CANARY, "progress": CANARY}},
    {"jsonrpc": "2.0", "id": 7, "result": {CANARY: CANARY}},
    {"jsonrpc": CANARY, "id": 7, "method": "ping"},
    [message("ping", canary=CANARY)],
    asking(prompt=CANARY),
]


@pytest.fixture
def everything(caplog):
    """All that was logged, at every level, with what else a record holds."""
    caplog.set_level(logging.DEBUG)
    for name in ("uvicorn.error", "uvicorn.access", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    clients = ("httpx2", "httpcore2", "mcp.client")

    def said():
        records = [each for each in caplog.records if not each.name.startswith(clients)]
        assert records
        return "".join(f"{each.getMessage()} {vars(each)!r}" for each in records)

    return said


def modern(body):
    if isinstance(body, dict) and isinstance(body.get("params"), dict):
        return {**body, "params": {**body["params"], "_meta": {**META, "progressToken": CANARY}}}
    return body


def headers_of(body):
    """What the newest protocol wants said in headers too."""
    method = body.get("method", "") if isinstance(body, dict) else ""
    given = body.get("params", {}) if isinstance(body, dict) else {}
    name = given.get("name", given.get("uri", "")) if isinstance(given, dict) else ""
    about = {"mcp_method": method, "mcp_protocol_version": "2026-07-28"}
    return {**about, "mcp_name": name} if isinstance(name, str) and name else about


@pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28"])
async def test_over_http(era, everything, capfd):
    kept = Kept()
    book, key, _ = a_book()
    async with (
        Upstream(otherwise=up.error(400, message=CANARY)) as server,
        router(server, recorders=[kept]) as opened,
        listening(mcp.app(opened, book)) as url,
    ):
        for body in MESSAGES:
            if era == "2025-11-25":
                await post(url, body, key=key)
            else:
                await post(url, modern(body), key=key, **headers_of(body))
        for name in ("host", "origin", "user-agent", "mcp-name", "mcp-method", "mcp-session-id", "accept"):
            await post(url, key=key, **{name.replace("-", "_"): CANARY})
        await post(url, key=CANARY)
        await post(f"{url}/{CANARY}?{CANARY}={CANARY}", key=key)
        await post(url, CANARY.encode(), key=key)
        await post(url, mcp_protocol_version=CANARY, key=key)
    assert kept.all
    assert CANARY not in repr(kept.all)
    assert CANARY not in everything()
    assert key not in everything()
    assert CANARY not in "".join(capfd.readouterr())


@pytest.mark.parametrize("arguments", BAD_ARGUMENTS)
async def test_an_error_about_arguments_echoes_none(arguments):
    async with router("http://127.0.0.1:9/v1") as opened, Client(mcp.server(opened)) as client:
        result = await client.call_tool("ask", arguments)
    assert result.is_error
    assert CANARY not in repr(result)


async def test_no_span_names_what_callers_sent(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("mcp.shared._otel._tracer", provider.get_tracer("mcp"))
    async with router("http://127.0.0.1:9/v1") as opened, listening(mcp.app(opened)) as url:
        for body in MESSAGES:
            await post(url, body)
    assert CANARY not in "".join(span.to_json() for span in exporter.get_finished_spans())


def test_making_a_server_leaves_the_log_of_the_process_alone():
    script = """
import logging
from zdr_router import Policy, AsyncRouter
from zdr_router.hosts import mcp
router = AsyncRouter(policy=Policy(minimum_grade="documented"), accounts={}, routes={})
mcp.server(router)
print(logging.root.handlers, logging.root.level)
"""
    env = {**os.environ, "PYTHONPATH": str(Path(zdr_router.__file__).parents[1])}
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, env=env, check=False)
    assert ran.stdout == f"[] {logging.WARNING}\n", ran.stderr
