"""Every line that is logged is one event with typed fields, and docs/logs.md lists them all."""

from __future__ import annotations

import ast
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import upstream as up
from deployments import SAYING, router
from upstream import Upstream

import zdr_router
from zdr_router import Exhausted, InvalidRequest, logs
from zdr_router.logs import Event, Events, JsonFormatter, event_of

SOURCE = Path(zdr_router.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "logs.md"
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
TYPES = {"text": str, "int": int, "float": float}


def calls() -> list[tuple[str, ast.Call]]:
    """Every call that logs, with its place. The command line has no logger: its `log` is a file of a server's."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "logging.getLogger" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                of = node.func.value
                if isinstance(of, ast.Name) and of.id in {"log", "logger", "logging"}:
                    found.append((f"{path.relative_to(SOURCE)}:{node.lineno}", node))
    return found


def documented() -> dict[tuple[str, str], dict[str, type]]:
    rows = re.findall(r"^\| `([^`]+)` \| ([a-z]+) \| (.*?) \| .* \|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return {
        (name, level): {key: TYPES[kind] for key, kind in re.findall(r"`([a-z]+)` ([a-z]+)", fields)}
        for name, level, fields in rows
    }


def test_every_line_is_an_event_that_the_page_lists_and_no_other_is_listed():
    found = {}
    for where, node in calls():
        template = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        event = logs.parse(template)
        assert event is not None, f"{where}: written as NAME key=%s key=%d"
        assert len(event[1]) == len(node.args) - 1, where
        assert not event[1].keys() & {"time", "level", "event", "message"}, f"{where}: JSON has these already"
        assert not node.keywords, f"{where}: no traceback, nothing besides the fields"
        assert node.func.attr not in {"exception", "log"}, where
        found[event[0], node.func.attr] = event[1]
    assert found == documented()


def test_only_these_loggers_are_used():
    loggers = re.compile(r"getLogger\(([^)]*)\)")
    used = {
        name
        for path in SOURCE.rglob("*.py")
        for name in loggers.findall(path.read_text(encoding="utf-8"))
        if "cli" not in path.parts  # it silences others while it talks to a person
        and path.name != "quiet.py"  # it silences a library that logs what callers send
    }
    assert used == {f'"{name}"' for name in logs.LOGGERS}


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.DEBUG, "zdr_router")
    return lambda: [record for record in caplog.records if record.name in logs.LOGGERS]


async def some_requests(**members: Any) -> None:
    async with Upstream(up.status(500), otherwise=up.ok()) as server, router(server, **members) as open_router:
        with pytest.raises(Exhausted):
            await open_router.chat(model="chat", messages=SAYING)
        await open_router.chat(model="chat", messages=SAYING)
        with pytest.raises(InvalidRequest):
            await open_router.chat(model="nonesuch", messages=SAYING)
        open_router.isolate("a/m")


async def test_what_is_logged_are_events_of_the_page_with_fields_of_these_types(lines):
    await some_requests()
    rows, seen = documented(), set()
    for record in lines():
        event = event_of(record)
        fields = rows[event.name, record.levelname.lower()]
        assert {key: type(value) for key, value in event.fields.items()} == fields
        assert record.exc_info is None
        seen.add(event.name)
    assert seen >= {"request", "target changed by hand"}


async def test_the_fields_are_what_the_line_says(lines):
    await some_requests()
    refused, answered, unknown, by_hand = (event_of(record) for record in lines() if "expire" not in record.msg)
    assert refused.fields["error"] == "exhausted"
    assert type(answered.fields.pop("ms")) is float
    assert len(answered.fields.pop("id")) == 24
    said = {"route": "chat", "status": 200, "error": "none", "target": "a/m", "attempts": 1}
    assert answered == Event("request", said)
    assert unknown.fields["route"] == "unknown"
    assert by_hand == Event("target changed by hand", {"change": "isolated", "target": "a/m"})


def record(message: Any, *values: object, name: str = "zdr_router") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, message, values, None)


def test_a_value_has_the_type_that_its_line_is_written_with():
    made = event_of(record("it happened days=%d share=%.2f by=%s", 29.0, 1, Path("x")))
    assert made == Event("it happened", {"days": 29, "share": 1.0, "by": "x"})
    assert [type(value) for value in made.fields.values()] == [int, float, str]


@pytest.mark.parametrize("message", ["%s happened", "it happened: %s", "a=%s", "it happened a=%s then", Exception("x")])
def test_a_line_in_another_form_is_no_event(message):
    assert event_of(record(message, "x")) is None


def test_what_others_log_is_no_event():
    assert event_of(record("request id=%s", "x", name="aiohttp")) is None


def test_as_json_a_record_is_one_object_with_its_fields():
    made = record('it "happened" target=%s attempts=%d', "a/m\n", 2)
    made.created = 1_800_000_000.25
    line = JsonFormatter().format(made)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.250+00:00",
        "level": "warning",
        "event": 'it "happened"',
        "target": "a/m\n",
        "attempts": 2,
    }
    other = json.loads(JsonFormatter().format(record("hello %s", "you", name="else")))
    assert (other["message"], "event" in other) == ("hello you", False)


def test_a_handler_can_have_the_fields_on_each_record():
    ours, other = record("it happened target=%s", "a/m"), record("hello %s", "you", name="else")
    assert Events().filter(ours)
    assert Events().filter(other)
    assert (ours.event, ours.fields) == ("it happened", {"target": "a/m"})
    assert (other.event, other.fields) == ("hello you", {})
