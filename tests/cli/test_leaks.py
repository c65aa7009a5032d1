"""`zdr leaks`: what it prints, and how it ends."""

from __future__ import annotations

import json
import sys

import careless
import pytest
from here import needs

from zdr_router.conformance.leaks import host_runs, runs
from zdr_router.conformance.leaks.findings import Driven, Finding, Report

FINDING = Finding("logs", "app DEBUG at app.py:7", "answer", "prompt", "plain", 2)
CLEAN = Report(
    [Driven("answer", "AsyncRouter", "answered")], (), {"logs": "", "sentry": "not installed"}, {"prompt": 3}
)
LEAKY = Report(CLEAN.driven, (FINDING,), CLEAN.detectors, CLEAN.residue)
UNDRIVEN = Report([Driven("answer", "AsyncRouter", "Refused", "never came to the provider")], (), {"logs": ""}, {})
UNCOUNTED = Report(CLEAN.driven, (), CLEAN.detectors, None, ["nobody can"])


@pytest.fixture
def comes_to(monkeypatch):
    """What a run over the library comes to, without one."""
    asked = []

    def set_up(report):
        monkeypatch.setattr(runs, "library", lambda demand: asked.append(demand) or report)
        return asked

    return set_up


@pytest.mark.parametrize(
    ("report", "memory", "code"),
    [
        (CLEAN, "count", 0),
        (CLEAN, "fail", 3),
        (LEAKY, "count", 3),
        (UNDRIVEN, "count", 1),
        (UNCOUNTED, "off", 0),
        (UNCOUNTED, "fail", 1),
    ],
    ids=["clean", "copies", "leaky", "not driven", "not counted", "not counted and asked for"],
)
def test_how_it_ends(zdr, comes_to, report, memory, code):
    (asked,) = (comes_to(report),)
    result = zdr("leaks", "--memory", memory)
    assert result.exit_code == code, result.stderr
    assert asked[0].memory is (memory != "off")
    assert result.stdout.splitlines()[-1] == report.summary
    assert result.stdout.startswith("This looks where the kit can look")


def test_what_it_prints(zdr, comes_to):
    comes_to(LEAKY)
    lines = [line.split() for line in zdr("leaks").stdout.splitlines()]
    assert ["logs", "2"] not in lines
    assert ["logs", "1"] in lines
    assert ["sentry", "off:", "not", "installed"] in lines
    assert ["logs", *FINDING.where.split(), "answer", "prompt", "plain", "2"] in lines
    assert ["prompt", "3"] in lines


@pytest.mark.parametrize("how", [["--json"], ["--format", "json"]])
def test_as_json(zdr, comes_to, how):
    comes_to(LEAKY)
    told = json.loads(zdr("leaks", *how).stdout)
    assert told["findings"] == [
        {
            "detector": "logs",
            "where": FINDING.where,
            "path": "answer",
            "place": "prompt",
            "encoding": "plain",
            "count": 2,
        }
    ]
    assert told["detectors"] == {"logs": None, "sentry": "not installed"}
    assert told["memory"] == {"copies": 3, "by_place": {"prompt": 3}}
    assert (told["clean"], told["paths"][0]["told"]) == (False, "answered")


def test_paths_are_chosen(zdr, comes_to):
    asked = comes_to(CLEAN)
    zdr("leaks", "--only", "answer", "--only", "stream")
    zdr("leaks", "--skip", "answer", "--redis", "redis://127.0.0.1:9/3")
    assert [path.name for path in asked[0].paths] == ["answer", "stream"]
    assert "answer" not in {path.name for path in asked[1].paths}
    assert asked[1].redis == ("redis://127.0.0.1:9/3",)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--only", "anwser"], "there is no such path"),
        (["--only", "answer", "--skip", "answer"], "no path is left"),
        (["--without", "prompt"], "only some places can be left out"),
        (["--key-env", "NOT_SET_ANYWHERE"], "the variable NOT_SET_ANYWHERE is not set"),
        (["--app", "a:b", "--", "true"], "COMMAND and --app are two subjects"),
        (["--in", "."], "--folder and --in are about COMMAND"),
        (["--mcp", "http"], "--mcp is about a host, and none is given"),
        (["--mcp", "stdio", "--app", "a:b"], "an application has no stdin of its own"),
        (["--mcp", "stdio", "--key-env", "PATH", "--", "true"], "over stdio there is no key"),
        (["--only", "unknown-tool"], "there is no such path"),
        (["--mcp", "stdio", "--only", "embed", "--", "true"], "there is no such path"),
        (
            ["--mcp", "stdio", "--only", "answer", "--", "/no/such/program"],
            "the command cannot be started: No such file",
        ),
        (["--app", "careless"], "--app is not MODULE:FACTORY"),
        (["--app", "careless:nothing", "--only", "answer"], "there is no careless:nothing"),
        (["--app", "no_such_module:app", "--only", "answer"], "there is no no_such_module:app"),
        (["--only", "answer", "--", "/no/such/program"], "the command cannot be started: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_faults_of_the_command_line(zdr, args, says):
    result = zdr("leaks", *args)
    assert result.exit_code == 64
    assert says in result.stderr


def test_a_command_that_does_not_listen_is_a_failure(zdr):
    result = zdr("leaks", "--only", "answer", "--", sys.executable, "-c", "raise SystemExit(9)")
    assert result.exit_code == 1
    assert "ended with 9 before it listened" in result.stderr


def test_an_application_is_made_in_the_environment_of_the_kit(zdr):
    result = zdr("leaks", "--app", "careless:application", "--only", "answer")
    assert result.exit_code == 0, result.stdout + result.stderr
    assert "0 findings on 1 paths" in result.stdout


def test_a_key_for_the_host_goes_with_each_request(zdr, monkeypatch):
    needs("uvicorn", fix="pip install --group test")
    manners = []
    monkeypatch.setattr(host_runs, "command", lambda *given: manners.append(given[2]) or CLEAN)
    result = zdr("leaks", "--key-env", "HOST_KEY", "--model", "m", "--", careless.__file__, env={"HOST_KEY": "k"})
    assert result.exit_code == 0, result.stderr
    assert (manners[0].model, dict(manners[0].headers)) == ("m", {"authorization": "Bearer k"})
