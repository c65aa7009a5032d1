import json
import os
import sys

import pytest

from zdr_router.cli.exits import Code


@pytest.fixture
def become(monkeypatch):
    """What would have been started, with which environment."""
    started = []
    monkeypatch.setattr("os.execve", lambda *given: started.append(given))
    monkeypatch.setattr("zdr_router.cli.harden.no_core", lambda: started.append("no core"))
    for name in ("PYTHONPATH", "LD_PRELOAD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("zdr_router.hardening.process.is_glibc", lambda: True)
    return started


def test_the_command_takes_the_place_of_this_process(zdr, become):
    zdr("harden", "--", sys.executable, "-m", "service", "--port", "1")
    first, (program, command, environ) = become
    assert first == "no core"
    assert (program, command) == (sys.executable, [sys.executable, "-m", "service", "--port", "1"])
    assert environ["PYTHONMALLOC"] == "malloc"
    assert environ["ZDR_HARDENED"] == "1"
    assert environ["PATH"] == os.environ["PATH"]


def test_nothing_is_started_beside_an_agent_unless_it_is_accepted(zdr, become, monkeypatch):
    monkeypatch.setenv("SENTRY_DSN", "https://a-secret@example.org/1")
    refused = zdr("harden", "--", sys.executable)
    assert refused.exit_code == Code.CONFIGURATION
    assert "the environment variable SENTRY_DSN is set" in refused.stderr
    assert "--beside SENTRY_DSN" in refused.stderr
    assert "a-secret" not in refused.stderr
    assert become == []
    zdr("harden", "--beside", "SENTRY_DSN", "--", sys.executable)
    assert become


@pytest.mark.parametrize(("given", "why"), [((), "no command"), (("--", "no-such-program-here"), "not found")])
def test_without_a_command_that_there_is_it_says_so(zdr, become, given, why):
    result = zdr("harden", *given)
    assert result.exit_code == Code.USAGE
    assert why in result.stderr
    assert become == []


def test_the_report_says_what_is_covered_here(zdr):
    assert "kernel" in zdr("harden", "--report").stdout
    rows = json.loads(zdr("harden", "--report", "--json").stdout)
    assert {"where", "holds", "why"} == rows[0].keys()
