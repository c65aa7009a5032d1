"""Hosts, as an ASGI application and as a command: sound ones keep nothing, and careless ones are found out."""

from __future__ import annotations

import sys
from pathlib import Path

import careless
import pytest
from here import needs, needs_extra

from zdr_router.conformance.leaks.hosts.command import NotReady
from zdr_router.conformance.leaks.kit import Kit
from zdr_router.conformance.leaks.paths import PATHS

COMMAND = [sys.executable, careless.__file__, "{config}", "{port}"]
FEW = ("answer", "stream", "error-500", "stream-error", "refused", "garbage", "stream-left", "cancelled")


@pytest.fixture(autouse=True)
def forgotten():
    yield
    careless.KEPT.clear()


@pytest.fixture
def kit():
    return Kit()


@pytest.mark.timeout(300)
def test_a_sound_application_keeps_nothing_of_any_path(kit):
    report = kit.application(
        careless.application, only=(*FEW, "failover", "unreachable", "shutdown", "stream-shutdown")
    )
    assert report.findings == ()
    assert report.undriven == []
    told = {each.path: each.told for each in report.driven}
    assert told["answer"] == told["stream"] == told["failover"] == "200"
    assert told["cancelled"] == told["stream-left"] == "left"
    assert told["garbage"] == "400"
    assert report.clean


IN_PROCESS = {
    "stdout": {"output"},
    "stderr": {"output"},
    "log": {"logs"},
    "file": {"files"},
    "temporary": {"files"},
    "object": {"objects"},
    "error": {"exceptions", "sentry"},
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", IN_PROCESS)
def test_a_careless_application_is_found_out(kit, how, monkeypatch):
    monkeypatch.setenv("LEAK", how)
    report = kit.application(careless.application, only=["stray"])
    # A log record and an error that have content are objects that have it: pytest keeps the one, a cycle the other.
    besides = {"objects"} if how in {"log", "error"} else set()
    assert {each.detector for each in report.findings} - besides == IN_PROCESS[how]
    assert {each.path for each in report.findings} == {"stray"}
    assert {"name", "prompt"} <= {each.place for each in report.findings}


@pytest.mark.timeout(300)
def test_a_sound_command_keeps_nothing(kit):
    needs("uvicorn", fix="pip install --group test")
    report = kit.command(COMMAND, only=(*FEW, "shutdown", "stream-shutdown"))
    assert report.findings == ()
    assert report.undriven == []
    assert report.detectors == {"files": "", "output": ""}
    assert report.residue is not None, report.notes
    assert report.clean


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("how", "detector", "where"),
    [("stdout", "output", "stdout"), ("stderr", "output", "stderr"), ("file", "files", "work/asked.json")],
)
def test_a_careless_command_is_found_out(kit, how, detector, where, monkeypatch):
    needs("uvicorn", fix="pip install --group test")
    monkeypatch.setenv("LEAK", how)
    report = kit.command(COMMAND, only=["answer"])
    assert {(each.detector, each.where, each.path) for each in report.findings} == {(detector, where, "answer")}
    assert {each.place for each in report.findings} == {"prompt", "system", "tool", "image"}


@pytest.mark.timeout(120)
def test_a_command_runs_where_it_is_told_to_and_that_is_searched(kit, tmp_path, monkeypatch):
    needs("uvicorn", fix="pip install --group test")
    monkeypatch.setenv("LEAK", "file")
    (tmp_path / "before").write_text("there before")
    report = kit.command(COMMAND, only=["answer"], inside=tmp_path)
    assert {each.where for each in report.findings} == {"asked.json"}
    assert (tmp_path / "asked.json").exists()


@pytest.mark.timeout(600)
def test_the_gateway_keeps_nothing_of_any_path(kit):
    needs_extra("gateway", "uvicorn", "starlette")
    report = kit.command([sys.executable, "-m", "zdr_router", "serve", "-c", "{config}"])
    assert report.findings == ()
    assert report.undriven == []
    assert {each.path for each in report.driven} == {path.name for path in PATHS}
    assert report.clean


PROXY = """
import sys, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Proxy(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        print(self.path, self.headers["authorization"], body)
        request = urllib.request.Request(sys.argv[1].removesuffix("/v1") + self.path, body)
        with urllib.request.urlopen(request) as answer:
            data = answer.read()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data)
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Proxy).serve_forever()
"""


@pytest.mark.timeout(120)
def test_a_host_of_any_make_can_be_tested(kit, tmp_path):
    (tmp_path / "proxy.py").write_text(PROXY)
    command = [sys.executable, "-u", str(tmp_path / "proxy.py"), "{upstream}", "{port}"]
    headers = {"authorization": "Bearer mine"}
    report = kit.command(
        command, model="theirs", headers=headers, without=["image", "tool"], only=["answer", "refused", "timeout"]
    )
    assert [(each.path, each.told, each.fault) for each in report.driven] == [
        ("answer", "200", ""),
        ("refused", "200", ""),
    ]
    assert {(each.detector, each.place) for each in report.findings} == {("output", "prompt"), ("output", "system")}


def test_a_command_that_ends_at_once_is_told_of(kit):
    with pytest.raises(NotReady, match="ended with 3 before it listened"):
        kit.command([sys.executable, "-c", "raise SystemExit(3)"], only=["answer"])


def test_paths_are_named_as_they_are(kit):
    with pytest.raises(ValueError, match="there is no path 'anwser'"):
        kit.application(careless.application, only=["anwser"])


def test_the_environment_and_the_folder_are_as_before(kit):
    before = Path.cwd(), Path.home()
    with kit.watching():
        assert (Path.cwd(), Path.home()) != before
    assert (Path.cwd(), Path.home()) == before
