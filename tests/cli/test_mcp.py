"""`zdr mcp`: what it refuses to do, and that it serves; over stdio it is tested with the server."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
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
KEYS = "keys: {store: {file: keys.db}, pepper: {file: pepper}}\n"
PING = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "zdr.yaml"
    path.write_text(FILE)
    return str(path)


OPEN = "gateway: {keys: none}\n"


@pytest.mark.parametrize(
    ("section", "options", "code", "said"),
    [
        (OPEN, ["--http", "0.0.0.0:0"], 65, "without keys it listens on loopback only"),
        (OPEN, ["--http", "8080"], 65, "write it as HOST:PORT"),
        (OPEN, ["--http", "localhost:99999"], 65, "ports end at 65535"),
        (OPEN, ["--http", "127.0.0.1:0", "--tenant", "nobody"], 64, "the file has no such tenant"),
        ("", ["--http", "127.0.0.1:0"], 65, "it does not say who may ask"),
        ("", ["--http", "127.0.0.1:0", "--tenant", "acme"], 64, "over HTTP the key says whose a request is"),
        ("", ["--tenant", "nobody"], 64, "the file has no such tenant"),
        (
            "gateway: {keys: none, tls: {certificate: x, key: y}}\n",
            ["--http", "127.0.0.1:0"],
            65,
            "the server cannot use its certificate",
        ),
        (KEYS, ["--http", "0.0.0.0:0"], 65, "it would listen in the clear, and beyond this machine"),
        (KEYS, ["--http", "gateway.internal:0"], 65, "it would listen in the clear, and beyond this machine"),
    ],
)
def test_what_it_does_not_do(zdr, config, section, options, code, said):  # noqa: PLR0913, PLR0917 - a table
    path = Path(config)
    path.write_text(FILE + section)
    (path.parent / "pepper").write_text("p" * 40)
    result = zdr("mcp", "-c", config, *options)
    assert result.exit_code == code, result.stderr
    assert said in " ".join(result.stderr.split())
    assert result.stdout == ""


@pytest.fixture
def serving(config):
    started = []

    def start(section, *options):
        Path(config).write_text(FILE + section)
        env = {**os.environ, "PYTHONPATH": str(Path(zdr_router.__file__).parents[1])}
        command = [sys.executable, "-m", "zdr_router", "mcp", "-c", config, "--json", *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
        started.append(process)
        for line in process.stderr:
            said = json.loads(line)
            if said["event"] == "listening":
                scheme = "https" if said["tls"] == "yes" else "http"
                return f"{scheme}://127.0.0.1:{said['port']}", process
        raise AssertionError

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ping(url, context=None):
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    asked = urllib.request.Request(f"{url}/mcp", PING, headers, method="POST")  # noqa: S310 - a server of this test
    with urllib.request.urlopen(asked, timeout=30, context=context) as answer:  # noqa: S310 - as above
        return answer.status, answer.headers


def test_it_serves_mcp_and_nothing_else_and_ends_when_told_to(serving):
    url, process = serving(OPEN, "--http", "127.0.0.1:0", "--tenant", "acme")
    status, headers = ping(url)
    assert status == 200
    assert headers["server"] is None
    with urllib.request.urlopen(f"{url}/readyz", timeout=30) as answer:  # noqa: S310 - as above
        assert answer.status == 200
    for path in ("/v1/models", "/v1/models/assistant", "/openapi.json", "/"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url + path, timeout=30)  # noqa: S310 - as above
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=40)
    events = [json.loads(line)["event"] for line in stderr.splitlines()]
    assert process.returncode == 0
    assert events[-1] == "ended"
    assert "answered" in events


def test_certificate_and_keys_are_those_of_the_gateway(serving, tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    certificate = self_signed(folder)
    section = f"gateway: {{keys: none, tls: {{certificate: {certificate.path}, key: {folder / 'key.pem'}}}}}\n"
    url, _ = serving(section, "--http", "127.0.0.1:0")
    assert url.startswith("https://")
    context = ssl.create_default_context(cafile=certificate.path)
    status, headers = ping(url, context)
    assert status == 200
    assert "max-age" in headers["strict-transport-security"]


def test_a_port_that_is_taken_is_told(zdr, config, serving):
    url, _ = serving(OPEN, "--http", "127.0.0.1:0")
    port = url.rpartition(":")[2]
    result = zdr("mcp", "-c", config, "--http", f"127.0.0.1:{port}")
    assert result.exit_code == 65
    assert "it cannot listen on 127.0.0.1" in result.stderr
