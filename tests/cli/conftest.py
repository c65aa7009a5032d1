"""What the tests of the command line share: a runner, a real process, and a server on loopback that answers chats."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
import threading

import pytest
from aiohttp import web
from typer.testing import CliRunner

from zdr_router.cli.app import app


def on(offset):
    """The day so many days from today, UTC."""
    return str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=offset))


@pytest.fixture
def day():
    return on


@pytest.fixture
def zdr():
    """Run `zdr` in this process; gives exit_code, stdout and stderr."""

    def run(*args, stdin=None, env=None):
        return CliRunner().invoke(app, [str(arg) for arg in args], input=stdin, env=env, prog_name="zdr")

    return run


@pytest.fixture
def process(tmp_path):
    """Run `zdr` as a process of its own, in an empty folder and without a terminal."""

    def run(*args, stdin="", env=None):
        command = [sys.executable, "-m", "zdr_router", *(str(arg) for arg in args)]
        known = {**os.environ, **(env or {})}
        empty = tmp_path / "elsewhere"
        empty.mkdir(exist_ok=True)
        return subprocess.run(
            command, input=stdin, env=known, cwd=empty, capture_output=True, text=True, timeout=30, check=False
        )

    return run


class Model:
    """A server that speaks chat completions; `mood` says how it answers the next request."""

    def __init__(self):
        self.mood = "well"
        self.bodies = []
        self.asked = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self):
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _answer(self, request):
        body = await request.json()
        self.bodies.append(body)
        self.asked.set()
        if self.mood == "asleep":
            await asyncio.sleep(30)
        if self.mood == "ill":
            return web.json_response({"error": {"message": body["messages"][0]["content"]}}, status=500)
        if self.mood == "strict":
            return web.json_response({"error": {"message": body["messages"][0]["content"]}}, status=400)
        if body.get("stream"):
            return await self._stream(request)
        message = {"role": "assistant", "content": "red, yellow, blue"}
        usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})

    async def _stream(self, request):
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for text in ("red, ", "yellow, ", "blue"):
            await self._chunk(response, {"content": text}, None)
        if self.mood == "breaking":
            request.transport.abort()
            return response
        await self._chunk(response, {}, "stop")
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _chunk(self, response, delta, reason):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"object": "chat.completion.chunk", "model": "m", "choices": [choice]}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def __enter__(self):
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *error):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def model():
    with Model() as running:
        yield running


OPERATOR = """\
# Our routes.
policy: {{minimum_grade: contracted, cache: host_memory}}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: {base_url}
    # Renewed each spring.
    grant: {{basis: self_operated, stated_by: "platform team", since: {since}, until: {until}}}
  groq-prod:                                # the key is in the vault
    configuration: groq/zdr
    api_key: {{env: ZDR_TEST_GROQ}}
    scope: {{organization: org_1}}          # one for all teams

  # Not used yet.
  spare: {{configuration: llama-cpp/self-operated, base_url: "http://127.0.0.1:9/v1"}}
tenants:
  acme: {{policy: {{regions: [on_premises]}}}}
routes:
  assistant: {{targets: [local/any]}}
  hosted: {{targets: [groq-prod/llama-3.3-70b-versatile]}}
  mixed: {{targets: [groq-prod/llama-3.3-70b-versatile, local/any]}}
"""


@pytest.fixture
def operator(tmp_path):
    """Write an operator's file: a local server that may serve, and a hosted account that holds no grant."""

    def write(base_url="http://127.0.0.1:9/v1", since=-30, until=100):
        path = tmp_path / "zdr.yaml"
        path.write_text(OPERATOR.format(base_url=base_url, since=on(since), until=on(until)), encoding="utf-8")
        return path

    return write
