"""Every example runs as its page says, against a server on loopback."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer
from mcp import Client
from mcp_here import a_book, asking, listening, post
from tests.docs.test_pages import dated

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(tmp_path, monkeypatch, model_server):
    text = dated((EXAMPLES / "zdr.yaml").read_text(encoding="utf-8"))
    (tmp_path / "zdr.yaml").write_text(text.replace("http://127.0.0.1:8081/v1", model_server.base_url), "utf-8")
    monkeypatch.chdir(tmp_path)

    def load(name):
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load


def test_the_script_answers_streams_and_shows_a_refusal(example, capsys):
    example("script").main("The three primary colours are")
    shown = capsys.readouterr().out
    assert shown.count("red, blue and yellow") == 2
    assert "answered by local/gemma-3-270m" in shown
    assert "ZDR603 the request uses store" in shown


async def asked(client, body, key="key-of-acme"):
    headers = {"authorization": f"Bearer {key}"}
    async with client.post("/v1/chat/completions", json=body, headers=headers) as response:
        return response.status, await response.text(), response.headers


async def test_the_gateway_answers_streams_refuses_and_rejects(example):
    body = {"model": "assistant", "messages": [{"role": "user", "content": "The primary colours are"}]}
    async with TestClient(TestServer(example("gateway").application())) as client:
        status, text, headers = await asked(client, body)
        assert (status, json.loads(text)["choices"][0]["message"]["content"]) == (200, " red, blue and yellow")
        assert headers["x-request-id"]

        status, text, _ = await asked(client, {**body, "stream": True})
        assert status == 200
        assert text.endswith("data: [DONE]\n\n")

        status, text, headers = await asked(client, {**body, "store": True})
        assert (status, json.loads(text)["error"]["code"]) == (403, "zdr_refused")
        assert headers["x-should-retry"] == "false"
        assert "local" not in text

        assert (await asked(client, {**body, "model": "nonesuch"}))[0] == 404
        assert (await asked(client, {**body, "stream": "yes"}))[0] == 400
        assert (await asked(client, {**body, "tenant": "globex"}))[0] == 400
        assert (await asked(client, body, key="guessed"))[0] == 401


async def test_the_gateway_inside_fastapi_answers_those_whom_the_application_knows(example):
    app = example("fastapi_app").application()
    transport = httpx.ASGITransport(app)
    body = {"model": "assistant", "messages": [{"role": "user", "content": "The primary colours are"}]}
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        fine = await http.post("/llm/v1/chat/completions", json=body, headers={"authorization": "Bearer key-of-acme"})
        unknown = await http.post("/llm/v1/chat/completions", json=body)
        home = await http.get("/")
    assert fine.json()["choices"][0]["message"]["content"] == " red, blue and yellow"
    assert unknown.json()["error"]["code"] == "invalid_api_key"
    assert home.json() == {"service": "ours"}


async def test_both_in_one_application_answer_whoever_has_a_key(example):
    book, key, _ = a_book()
    app = example("both").application(book)
    body = {"model": "assistant", "messages": [{"role": "user", "content": "The primary colours are"}]}
    async with listening(app, lifespan="on") as url, httpx.AsyncClient(base_url=url) as http:
        chat = await http.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})
        called = await post(url, asking(route="assistant", prompt="The primary colours are"), key=key)
        unknown = [await http.post("/v1/chat/completions", json=body), await post(url)]
    assert chat.json()["choices"][0]["message"]["content"] == " red, blue and yellow"
    assert "red, blue and yellow" in called.text
    assert [each.status_code for each in unknown] == [401, 401]


async def test_the_mcp_server_answers_and_explains(example):
    async with Client(example("mcp_server").server()) as client:
        answer = await client.call_tool("ask", {"prompt": "The primary colours are"})
        assert "red, blue and yellow" in answer.content[0].text
        explained = await client.call_tool("explain_route", {"route": "assistant"})
        assert explained.structured_content == {"result": ["llama-cpp/self-operated"]}
