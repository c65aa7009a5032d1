"""Variables that make libraries underneath print or record content change nothing, in our own format or another."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from here import lacking

LOUD = {
    "OPENAI_LOG": "debug",
    "ANTHROPIC_LOG": "debug",
    "LITELLM_LOG": "DEBUG",
    "LITELLM_DEBUG": "1",
    "DETAILED_DEBUG": "1",
    "JSON_LOGS": "true",
    "HTTPX_LOG_LEVEL": "trace",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
    "OTEL_LOG_LEVEL": "debug",
    "TRACELOOP_TRACE_CONTENT": "true",
    "PYTHONASYNCIODEBUG": "1",
    "AIOHTTP_NO_EXTENSIONS": "1",
    "LOGLEVEL": "DEBUG",
    "DEBUG": "1",
}
OURS = """
import json, sys
from zdr_router.conformance.leaks.kit import Kit

names = ["answer", "stream", "error-400", "malformed", "stream-reset", "refused", "stray", "cancelled"]
report = Kit().library(only=names)
print(json.dumps({"driven": len(report.driven), "faults": [each.fault for each in report.undriven],
                  "findings": [str(each) for each in report.findings], "off": report.detectors}))
"""
FOREIGN = """
import asyncio, json, warnings
import upstream as up
from litellm_library import library
from test_dialects import open_router
from upstream import Upstream
from wires import WIRES
from zdr_router import RouterError
from zdr_router.conformance.leaks.kit import Kit

wire = WIRES[0]

async def ask(router, planted):
    await router.chat(model="chat", messages=[{"role": "user", "content": planted.word("prompt")}], max_tokens=50)

async def listen(router, planted):
    messages = [{"role": "user", "content": planted.word("prompt")}]
    async with router.stream_chat(model="chat", messages=messages, max_tokens=50) as stream:
        del messages
        while await stream.next_chunk() is not None:
            pass

def behaviours(said):
    return [up.says(wire.answer(said)), wire.streams(wire.events(said)), up.error(400, message=said)]

async def main(planted):
    driven = []
    async with Upstream(*behaviours(planted.word("answer"))) as server, open_router(wire, server) as router:
        for work in (ask, listen, ask):
            try:
                await work(router, planted)
                driven.append("answered")
            except RouterError as error:
                planted.caught(error)
                driven.append(type(error).__name__)
        server.requests.clear()
    return driven

library()
with Kit().watching() as planted:
    driven = asyncio.run(main(planted))
# The server is in this process too, and has what it says.
found = [str(each) for each in planted.findings if each.detector != "objects"]
print(json.dumps({"driven": driven, "off": planted.detectors, "findings": found}))
"""


def told(script):
    environ = {**os.environ, **LOUD, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, timeout=280, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.timeout(300)
def test_our_own_format_says_nothing():
    report = told(OURS)
    assert report["findings"] == []
    assert report["faults"] == []
    assert report["driven"] == 15
    assert set(report["off"].values()) == {""}


@pytest.mark.timeout(300)
def test_a_foreign_format_says_nothing():
    # Looked for without being imported: that takes seconds, and reads this process's environment.
    if importlib.util.find_spec("litellm") is None:
        lacking("litellm cannot be imported", "pip install 'zdr-router[litellm]'")
    report = told(FOREIGN)
    assert report["findings"] == []
    assert report["driven"] == ["answered", "answered", "InvalidRequest"]
    assert set(report["off"].values()) == {""}


LOUD_LIBRARY = """
import asyncio, json, logging
from zdr_router.conformance.leaks.kit import Kit

async def main(planted):
    async def slow():
        prompt = planted.word()
        raise ValueError(prompt)
    await asyncio.wait([asyncio.create_task(slow())])

with Kit().watching() as planted:
    asyncio.run(main(planted))
print(json.dumps({"findings": [each.detector for each in planted.findings]}))
"""


@pytest.mark.timeout(120)
def test_code_that_is_loud_would_be_heard():
    assert "exceptions" in told(LOUD_LIBRARY)["findings"]
