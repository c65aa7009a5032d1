"""The official conformance suite of the protocol, in its pinned version, against a server that listens.

`make conformance` puts the suite, and a Node that is new enough for it, into a folder; `ZDR_MCP_CONFORMANCE` names it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from deployments import router
from here import lacking
from mcp_here import listening

from zdr_router.hosts import mcp

FOLDER = Path(os.environ.get("ZDR_MCP_CONFORMANCE", Path(__file__).parents[3] / ".venv" / "mcp-conformance"))
SUITE = FOLDER / "node_modules" / ".bin" / "conformance"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_it_conforms_but_for_what_is_listed(revision, tmp_path):
    if not SUITE.exists():
        lacking("the conformance suite of MCP is not here", "make conformance, which needs npm")
    known = Path(__file__).parent / f"expected-failures-{revision}.yml"
    async with router("http://127.0.0.1:9/v1") as opened, listening(mcp.app(opened)) as url:
        process = await asyncio.create_subprocess_exec(
            *(str(SUITE), "server", "--url", f"{url}/mcp", "--requirements", revision),
            *("--expected-failures", str(known), "--output-dir", str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{SUITE.parent}:{os.environ['PATH']}"},
        )
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
