"""What a server writes to stderr."""

from __future__ import annotations

import json
import logging

import pytest

from zdr_router.cli.server_log import log_to_stderr

CONTENT = "the-content-of-this-request"


@pytest.fixture
def log(monkeypatch):
    for name in ("zdr_router", "zdr_router.requests", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "handlers", logger.handlers)
        monkeypatch.setattr(logger, "propagate", logger.propagate)
        monkeypatch.setattr(logger, "level", logger.level)
    return logging.getLogger("zdr_router")


def test_lines_wait_for_one_another_and_a_warning_for_nobody(log, capsys):
    log_to_stderr(as_json=True)
    log.info("first count=%d", 1)
    log.warning("second count=%d", 2)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["event"], each["count"]) for each in lines] == [("first", 1), ("second", 2)]


def test_a_request_is_told_of_once(log, capsys):
    log_to_stderr(as_json=True)
    log.getChild("requests").info("request id=%s", "r1")
    log.getChild("requests").warning("something count=%d", 2)
    log.warning("answered id=%s", "r1")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["something", "answered"]


def test_what_waited_is_written_when_python_ends(log, capsys):
    log_to_stderr(as_json=False)
    log.info("first count=%d", 1)
    log.handlers[0].flush()  # as `logging.shutdown` does
    assert capsys.readouterr().err.endswith("INFO first count=1\n")


@pytest.mark.parametrize("as_json", [True, False])
def test_there_are_no_tracebacks(log, capsys, as_json):
    log_to_stderr(as_json=as_json)
    try:
        int(CONTENT)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it failed")
    shown = capsys.readouterr().err
    assert "it failed" in shown
    assert CONTENT not in shown
    assert log.handlers
