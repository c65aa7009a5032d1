"""Every detector finds what was planted for it, and nothing where nothing was."""

from __future__ import annotations

import asyncio
import base64
import gzip
import importlib
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from here import lacking, needs, needs_extra
from redis_here import some_redis

from zdr_router.conformance.leaks.canaries import PLACES, Canaries
from zdr_router.conformance.leaks.detectors.base import Off
from zdr_router.conformance.leaks.detectors.errors import Errors
from zdr_router.conformance.leaks.detectors.redis import Redis
from zdr_router.conformance.leaks.detectors.sentry import Sentry
from zdr_router.conformance.leaks.detectors.telemetry import Telemetry
from zdr_router.conformance.leaks.kit import Kit
from zdr_router.conformance.leaks.residue import count
from zdr_router.conformance.leaks.watching import Watch

ALL = {"logs", "exceptions", "sentry", "telemetry", "output", "files", "objects"}
KEPT = []


@pytest.fixture
def kit():
    yield Kit()
    KEPT.clear()


def found(planted, *, besides=()):
    """The detectors that found something, but for those that see the same thing from another side."""
    return {each.detector for each in planted.findings} - set(besides)


def failing(word):
    secret = word + "!"
    raise ValueError(len(secret))


def named(word):
    raise ValueError(word)


def raised(fails, word):
    try:
        fails(word)
    except ValueError as error:
        return error


def log(name="leaky", **members):
    def leak(planted):
        values = {key: make(planted.word()) for key, make in members.items()}
        logging.getLogger(name).debug(values.pop("message", "nothing"), *values.pop("args", ()), **values)

    return leak


def log_without_propagating(planted):
    logger = logging.getLogger("leaky.alone")
    assert not logger.propagate
    logger.warning("%s", planted.word())


def log_an_error(planted):
    try:
        failing(planted.word())
    except ValueError:
        logging.getLogger("leaky").exception("it failed")


LOGGED = {
    "a message": log(message=lambda word: f"asked for {word}"),
    "an argument": log(message=lambda _: "asked for %s", args=lambda word: (word,)),
    "an argument that is shown by nobody": log(
        message=lambda _: "asked", extra=lambda word: {"request": {"x": [word]}}
    ),
    "openai": log("openai._base_client", message=lambda word: word),
    "litellm": log("LiteLLM", message=lambda word: word),
    "httpx": log("httpx", message=lambda word: word),
    "aiohttp": log("aiohttp.client", message=lambda word: word),
    "the root": log(None, message=lambda word: word),
    "bytes": log(message=lambda _: "%r", args=lambda word: (word.encode(),)),
    "base64": log(message=lambda word: base64.b64encode(b"x" + word.encode()).decode()),
    "a logger that passes nothing on": log_without_propagating,
}


@pytest.fixture
def alone():
    logger = logging.getLogger("leaky.alone")
    logger.propagate = False
    logger.setLevel(logging.ERROR)
    yield
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("how", LOGGED)
def test_logs(kit, how):
    litellm = logging.getLogger("LiteLLM")
    before, litellm.level = litellm.level, logging.INFO
    try:
        with kit.watching() as planted:
            LOGGED[how](planted)
    finally:
        litellm.setLevel(before)
    # pytest's own handlers keep records as well.
    assert found(planted, besides={"objects", "output"}) == {"logs"}
    assert {(each.place, each.path) for each in planted.findings} == {("prompt", "here")}


def test_a_logger_that_somebody_silenced_stays_silent(kit):
    logger = logging.getLogger("leaky.silenced")
    logger.setLevel(logging.CRITICAL)
    with kit.watching() as planted:
        logger.error("%s", planted.word())
        assert logger.level == logging.CRITICAL
    assert found(planted) == set()


def test_levels_and_handlers_are_as_before(kit):
    logger, root = logging.getLogger("leaky.level"), logging.getLogger()
    logger.setLevel(logging.WARNING)
    before = (root.level, list(root.handlers), logger.level)
    with kit.watching():
        assert logger.isEnabledFor(logging.DEBUG)
    assert (root.level, list(root.handlers), logger.level) == before


def test_an_error_that_is_logged_is_looked_at_like_one_that_is_raised(kit):
    with kit.watching() as planted:
        log_an_error(planted)
    assert {"exceptions", "sentry"} <= found(planted)


@pytest.mark.parametrize("fails", [failing, named])
def test_errors_show_their_text_and_the_names_of_their_frames(kit, fails):
    with kit.watching() as planted:
        planted.caught(raised(fails, planted.word()))
    assert found(planted, besides={"objects"}) == {"exceptions", "sentry"}


@pytest.mark.parametrize("how", ["cause", "context", "note", "attribute", "group"])
def test_errors_show_what_they_drag_along(kit, how):
    with kit.watching() as planted:
        secret = ValueError(planted.word())
        error = ExceptionGroup("several", [secret]) if how == "group" else RuntimeError("nothing")
        if how == "cause":
            error.__cause__ = secret
        elif how == "context":
            error.__context__ = secret
        elif how == "note":
            error.add_note(planted.word())
        elif how == "attribute":
            error.body = {"text": planted.word()}
        planted.caught(error)
        del error, secret
    assert "exceptions" in found(planted)


def test_a_thread_that_dies(kit, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with kit.watching() as planted:
        thread = threading.Thread(target=failing, args=(planted.word(),))
        thread.start()
        thread.join()
        del thread
    assert {"exceptions", "sentry"} <= found(planted)


def test_a_tasks_error_that_nobody_asks_for(kit):
    async def main(planted):
        async def work():
            failing(planted.word())

        task = asyncio.get_running_loop().create_task(work())
        await asyncio.wait([task])

    with kit.watching() as planted:
        asyncio.run(main(planted))
    assert {"exceptions", "sentry"} <= found(planted)
    assert {each.where for each in planted.findings if each.detector == "exceptions"} == {
        "ValueError logged by asyncio"
    }


def test_sentry_is_off_where_it_is_missing(monkeypatch, kit):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(Off, match="pip install sentry-sdk"), Sentry(Errors()).watch():
        pass
    with kit.watching() as planted:
        planted.caught(raised(failing, planted.word()))
    assert "not installed" in planted.detectors["sentry"]
    assert found(planted, besides={"objects"}) == {"exceptions"}


def test_spans_and_metrics(kit):
    needs("opentelemetry.sdk.trace", fix="pip install --group test")
    metrics, trace = (importlib.import_module(f"opentelemetry.{name}") for name in ("metrics", "trace"))
    with kit.watching() as planted:
        tracer, meter = trace.get_tracer("leaky"), metrics.get_meter("leaky")
        with tracer.start_as_current_span("asked") as span:
            span.set_attribute("prompt", planted.word("prompt"))
            span.add_event("answered", {"text": planted.word("answer")})
        del span
        meter.create_counter("asked").add(1, {"text": planted.word("tool")})
    mine = {(each.where, each.place) for each in planted.findings if each.detector == "telemetry"}
    assert mine == {("a span of leaky", "prompt"), ("a span of leaky", "answer"), ("a metric", "tool")}


def test_telemetry_is_off_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(Off, match="pip install opentelemetry-sdk"), Telemetry().watch():
        pass


WRITTEN = {
    "stdout": ("stdout", lambda word: sys.stdout.write(word)),  # noqa: PLW0108 - it is another one by then
    "stderr": ("stderr", lambda word: sys.stderr.write(word)),  # noqa: PLW0108 - as above
    "past Python": ("stdout", lambda word: os.write(1, word.encode())),
    "a child": (
        "stderr",
        lambda word: subprocess.run(["/bin/sh", "-c", f"echo {word} >&2"], check=True),
    ),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_output(kit, how):
    name, write = WRITTEN[how]
    with kit.watching() as planted:
        write(planted.word())
    assert [(each.detector, each.where) for each in planted.findings] == [("output", name)]


def into_a_database(word):
    with sqlite3.connect("kept.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE kept (text)")
        database.execute("INSERT INTO kept VALUES (?)", (word,))
    KEPT.append(database)  # open, so that the log of what was written is not yet part of the file


FILES = {
    "in the working directory": lambda word: Path("kept").write_text(word, encoding="utf-8"),
    "below home": lambda word: (Path.home() / "kept").write_text(word),  # noqa: PLW0108 - where it is made counts
    "a temporary one": lambda word: Path(tempfile.mkstemp()[1]).write_text(word),
    "compressed": lambda word: Path("kept.gz").write_bytes(gzip.compress(b"before " + word.encode())),
    "UTF-16": lambda word: Path("kept").write_text(word, encoding="utf-16"),
    "a large one": lambda word: Path("kept").write_bytes(bytes((32 << 20) - 5) + word.encode()),
    "SQLite": into_a_database,
    "a name": lambda word: Path(word).touch(),
}


@pytest.mark.parametrize("how", FILES)
def test_files(kit, how):
    with kit.watching() as planted:
        FILES[how](planted.word())
    assert found(planted) == {"files"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of open files")
def test_a_file_that_was_deleted_and_is_open(kit):
    with kit.watching() as planted:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open
        file.write(planted.word().encode())
        file.flush()
        KEPT.append(file)
    assert [(each.detector, each.where) for each in planted.findings] == [("files", "an open file that was deleted")]
    file.close()


@pytest.mark.parametrize("shape", [str, str.encode, lambda word: {word: 1}], ids=["text", "bytes", "a key"])
def test_objects(kit, shape):
    with kit.watching() as planted:
        KEPT.append(shape(planted.word()))
    assert found(planted) == {"objects"}


def test_objects_in_a_cycle_which_the_collector_would_free(kit):
    with kit.watching() as planted:
        cycle = [planted.word()]
        cycle.append(cycle)
        del cycle
    assert found(planted) == {"objects"}


WRITES = {
    "string": lambda server, key, word: server.set(key, word, ex=60),
    "hash": lambda server, key, word: server.hset(key, "field", word),
    "the field of a hash": lambda server, key, word: server.hset(key, word, 1),
    "list": lambda server, key, word: server.rpush(key, "a", word),
    "set": lambda server, key, word: server.sadd(key, word),
    "sorted set": lambda server, key, word: server.zadd(key, {word: 1}),
    "stream": lambda server, key, word: server.xadd(key, {"field": word}),
    "key": lambda server, key, word: server.set(f"{key}:{word}", 1, ex=60),
}


@pytest.mark.parametrize("how", WRITES)
def test_redis(tmp_path, how):
    needs_extra("redis", "redis")
    redis = importlib.import_module("redis")
    canaries = Canaries("seed of " + how)
    with some_redis(tmp_path) as url, redis.Redis.from_url(url) as server, Watch(canaries, [Redis(url)]) as watch:
        key = f"leaky:{os.getpid()}"
        try:
            WRITES[how](server, key, canaries.word("here", "prompt"))
            watch.look(["here"])
        finally:
            server.delete(key, *server.scan_iter(f"{key}*"))
    where = "the name of a key" if how == "key" else f"the value of {key}"
    assert [(each.detector, each.where, each.place) for each in watch.findings] == [("redis", where, "prompt")]


def test_redis_is_off_where_nobody_answers():
    needs_extra("redis", "redis")
    with Watch(Canaries("seed"), [Redis("redis://127.0.0.1:9/0")]) as watch:
        assert watch.detectors == {"redis": "the Redis server does not answer: ConnectionError"}


HOLDS = """
import sys
from zdr_router.conformance.leaks.canaries import Canaries
held = Canaries("seed").word("here", "answer") + sys.argv[1]
print("held", flush=True)
sys.stdin.read()
"""


def test_the_memory_of_a_process():
    if sys.platform != "linux":
        lacking("the memory of a process can be looked at on Linux only", "run this on Linux")
    command = [sys.executable, "-c", HOLDS, "!"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        copies, why = count([process.pid], Canaries("seed"))
        process.kill()
    assert why == ""
    assert copies["answer"] >= 1
    assert set(copies) <= set(PLACES)


def test_the_memory_of_a_process_that_is_gone_is_not_counted():
    copies, why = count([2**22 - 1], Canaries("seed"))
    assert copies is None
    assert why


def test_nothing_is_found_where_nothing_stays(kit):
    with kit.watching() as planted:
        text = f"asked for {planted.word()}"
        assert text
        del text
    assert planted.findings == ()
    assert set(planted.detectors) == ALL
    assert [why for why in planted.detectors.values() if why] == []


def test_no_finding_shows_a_word(kit):
    with kit.watching() as planted:
        word = planted.word()
        sys.stdout.write(word)
        KEPT.append({word: word})
        Path(word).mkdir()
        (Path(word) / "kept").write_text(word)
        logging.getLogger("leaky").error("%s", word)
        planted.caught(raised(named, word))
    assert {"output", "objects", "files", "logs", "exceptions"} <= found(planted)
    assert word not in repr(planted.findings)
