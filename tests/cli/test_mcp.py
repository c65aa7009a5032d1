"""`zdr mcp`: what it refuses to do, and that it serves; over stdio it is tested with the server."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from certificates import self_signed

import zdr_router

FILE = """
policy: {minimum_grade: contracted, cache: host_memory}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: http://127.0.0.1:9/v1
    grant: {basis: self_operated, stated_by: tests, since: 2026-11-01, until: 2099-01-01}
tenants: {acme: {}}
routes: {assistant: {targets: [local/m]}}
"""
PING = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "zdr.yaml"
    path.write_text(FILE)
    return str(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--http", "0.0.0.0:0", "--without-keys"], "it would listen in the clear where others can read along"),
        (["--http", "[::]:0"], "it would listen in the clear where others can read along"),
        (["--http", "example.com:80"], "it would listen in the clear where others can read along"),
        (["--http", "127.0.0.1:0"], "the file names no API keys"),
        (["--http", "8080"], "--http is not HOST:PORT"),
        (["--http", "localhost:99999"], "--http is not HOST:PORT"),
        (["--http", "127.0.0.1:0", "--certificate", "x"], "a certificate and its private key go together"),
        (["--http", "0.0.0.0:0", "--certificate", "x", "--private-key", "y", "--without-keys"], "for loopback only"),
        (["--http", "127.0.0.1:0", "--tenant", "acme"], "over HTTP the key says whose a request is"),
        (["--origin", "https://example.com"], "an option that is about HTTP was given without it"),
        (["--tenant", "nobody"], "the file has no such tenant"),
        (
            ["--http", "127.0.0.1:0", "--without-keys", "--certificate", "x", "--private-key", "y"],
            "the certificate or its private key cannot be read",
        ),
    ],
)
def test_what_it_does_not_do(zdr, config, options, said):
    result = zdr("mcp", "-c", config, *options)
    assert result.exit_code == 64
    assert said in result.stderr
    assert result.stdout == ""


@pytest.fixture
def serving(config):
    started = []

    def start(*options):
        env = {**os.environ, "PYTHONPATH": str(Path(zdr_router.__file__).parents[1])}
        command = [sys.executable, "-m", "zdr_router", "mcp", "-c", config, "--json", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        started.append(process)
        said = "".join(process.stdout.readline() for _ in range(3))
        return json.loads(said)["url"], process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ping(url, context=None):
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    asked = urllib.request.Request(url, PING, headers, method="POST")  # noqa: S310 - a server of this test
    with urllib.request.urlopen(asked, timeout=30, context=context) as answer:  # noqa: S310 - as above
        return answer.status, answer.headers


def test_it_listens_on_loopback_without_keys_and_ends_when_told_to(serving):
    url, process = serving("--http", "127.0.0.1:0", "--without-keys")
    assert url.startswith("http://127.0.0.1:")
    status, headers = ping(url)
    assert status == 200
    assert headers["server"] is None
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=40)
    assert (process.returncode, stderr) == (0, "")


def test_with_a_certificate_it_speaks_tls(serving, tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    certificate = self_signed(folder)
    options = ["--certificate", certificate.path, "--private-key", str(folder / "key.pem"), "--without-keys"]
    url, _ = serving("--http", "127.0.0.1:0", *options)
    assert url.startswith("https://")
    context = ssl.create_default_context(cafile=certificate.path)
    status, headers = ping(url, context)
    assert status == 200
    assert "max-age" in headers["strict-transport-security"]


def test_a_port_that_is_taken_is_told(zdr, config, serving):
    url, _ = serving("--http", "127.0.0.1:0", "--without-keys")
    port = url.split(":")[2].removesuffix("/mcp")
    result = zdr("mcp", "-c", config, "--http", f"127.0.0.1:{port}", "--without-keys")
    assert result.exit_code == 64
    assert "it cannot listen there" in result.stderr
