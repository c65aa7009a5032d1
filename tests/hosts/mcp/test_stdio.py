"""`zdr mcp` as clients start it: the SDK's own client, and one that sends what no client would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import upstream as up
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from upstream import Upstream

import zdr_router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CANARY = "canary-51ab-what-is-my-diagnosis"
ASK = {"route": "assistant", "prompt": CANARY}
PLACE = str(Path(zdr_router.__file__).parents[1])
LOUD = "import logging; logging.basicConfig(level=logging.DEBUG); from zdr_router.cli import main; main()"
FILE = """
policy: {{minimum_grade: contracted, cache: host_memory}}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: {url}
    grant: {{basis: self_operated, stated_by: tests, since: 2026-11-01, until: 2099-01-01}}
tenants: {{acme: {{}}}}
routes: {{assistant: {{targets: [local/m], retries: 0, timeout: 50s}}}}
"""


@pytest.fixture
def operator(tmp_path):
    def write(server: Upstream) -> Path:
        path = tmp_path / "zdr.yaml"
        path.write_text(FILE.format(url=server.url))
        return path

    return write


@contextlib.asynccontextmanager
async def connected(config: Path, **options: object) -> AsyncIterator[Client]:
    args = ["-c", LOUD, "mcp", "-c", str(config), "--tenant", "acme"]
    started = StdioServerParameters(command=sys.executable, args=args, env={**os.environ, "PYTHONPATH": PLACE})
    with Path(config.parent, "stderr").open("w") as errlog:  # noqa: ASYNC230 - it is handed on
        async with Client(stdio_client(started, errlog=errlog), **options) as client:
            yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sdks_client_asks_and_is_told_of_progress(mode, operator):
    told = []

    async def progress(count: float, total: float | None, said: str | None) -> None:
        told.append((count > 0, total, said))

    async with Upstream(up.stream(up.chunks([CANARY, CANARY]))) as server:
        config = operator(server)
        async with connected(config, mode=mode) as client:
            result = await client.call_tool("ask", ASK, progress_callback=progress)
            refused = await client.call_tool("ask", {**ASK, "max_tokens": CANARY})
    assert result.structured_content["text"] == CANARY * 2
    assert set(told) == {(True, None, None)}
    assert refused.is_error
    stderr = Path(config.parent, "stderr").read_text()  # noqa: ASYNC240 - nothing else is under way
    assert "request id=" in stderr  # the router's own line
    assert CANARY not in stderr


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_who_gives_up_closes_the_upstream(mode, operator):
    async with Upstream(up.hang) as server, connected(operator(server), mode=mode) as client:
        call = asyncio.create_task(client.call_tool("ask", ASK))
        arrived = await server.next_request()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        async with asyncio.timeout(20):
            await arrived.gone.wait()


async def started(config: Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOUD, "mcp", "-c", str(config)),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env={**os.environ, "PYTHONPATH": PLACE},
    )


async def test_lines_that_are_no_messages_are_on_no_stream(operator):
    """On stdout there are messages and nothing else; ids and names that a client chose come back to it alone."""
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call"}
    lines = [
        CANARY,
        "{" + CANARY,
        json.dumps({"jsonrpc": "2.0", "method": CANARY, "params": {CANARY: CANARY}}),
        json.dumps({"jsonrpc": CANARY, "id": CANARY, "method": CANARY}),
        json.dumps({**call, "params": {"name": "ask", "arguments": {"prompt": CANARY}}}),
        json.dumps({**call, "id": 3, "params": {"name": CANARY, "arguments": CANARY}}),
        *[json.dumps({"jsonrpc": "2.0", "method": "notifications/x", "params": {"a": CANARY}})] * 12,
    ]
    async with Upstream() as server:
        process = await started(operator(server))
        async with asyncio.timeout(40):
            stdout, stderr = await process.communicate("".join(f"{line}\n" for line in lines).encode())
    assert process.returncode == 0, stderr
    assert CANARY.encode() not in stderr
    for line in stdout.splitlines():
        assert json.loads(line)["jsonrpc"] == "2.0"


async def test_told_to_stop_it_ends(operator):
    async with Upstream() as server:
        process = await started(operator(server))
        async with asyncio.timeout(40):
            process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
            await process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        process.stdin.close()
        await process.communicate()
