from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zdr_router.atomic_file import locked
from zdr_router.errors import ConfigError
from zdr_router.state.trust_file import LOOK_AFTER, FileTrust

SUBJECTS = ["provider:groq", "configuration:groq/zdr", "account:a", "target:a/m"]


class Ticks:
    """A clock of each kind that goes when it is told to."""

    def __init__(self, at=1_800_000_000.0):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def opened(tmp_path, ticks):
    """Opens the file once more, as another process would; its clock goes on by hand."""
    path = tmp_path / "trust.json"
    FileTrust(path, clock=ticks).init("a new trust state", again=False)

    def make(**changes):
        return FileTrust(path, **{"clock": ticks, "ticks": ticks, **changes})

    make.path = path
    return make


def test_what_one_revokes_another_one_sees_at_its_next_look(opened, ticks):
    here, there = opened(), opened()
    assert there.read().revoked == {}
    here.revoke("provider:groq", "an incident")
    assert here.read().revoked == {"provider:groq": "an incident"}
    ticks.at += LOOK_AFTER - 0.01
    assert there.read().revoked == {}
    ticks.at += 0.01
    assert there.read().revoked == {"provider:groq": "an incident"}


def test_a_restart_forgets_nothing(opened):
    state = opened()
    state.revoke("account:a", "leaked")
    state.contradict("target:a/m", "an answer")
    trust = opened().read()
    assert (trust.revoked, trust.contradicted) == ({"account:a": "leaked"}, {"target:a/m": "an answer"})


def test_a_release_is_written_down_with_who_and_why(opened):
    state = opened(by="security")
    state.revoke("account:a", "leaked")
    state.release("account:a", "a new key")
    assert opened().read().revoked == {}
    document = json.loads(opened.path.read_text())
    assert [(each["change"], each["by"], each["why"]) for each in document["changes"][1:]] == [
        ("revoke", "security", "leaked"),
        ("release", "security", "a new key"),
    ]


def test_every_reading_that_says_something_else_has_a_higher_epoch(opened, ticks):
    state, other = opened(), opened()
    epochs = [state.read().epoch]
    for change in (
        lambda: other.revoke("account:a", "x"),
        lambda: state.contradict("target:a/m", "x"),
        lambda: other.release("account:a", "x"),
    ):
        change()
        ticks.at += 1
        epochs.append(state.read().epoch)
    assert epochs == sorted(set(epochs))
    ticks.at += 1
    assert state.read().epoch == epochs[-1]


def spoil(path, how, older):
    text = path.read_text()
    if how == "deleted":
        path.unlink()
    elif how == "older":
        path.write_bytes(older)
    else:
        document = json.loads(text)
        changed = {
            "an entry taken out": {**document, "revoked": {}},
            "the epoch raised": {**document, "epoch": document["epoch"] + 1},
            "an unknown key": {**document, "note": "x"},
            "no schema": {key: value for key, value in document.items() if key != "schema"},
            "a boolean schema": {**document, "schema": True},
            "a change taken out": {**document, "changes": document["changes"][:-1]},
        }
        raw = {"truncated": text[: len(text) // 2], "empty": "", "too large": text + " " * (4 << 20)}
        path.write_text(raw[how] if how in raw else json.dumps(changed[how]))


DAMAGE = [
    *("deleted", "older", "truncated", "empty", "too large", "an entry taken out", "the epoch raised"),
    *("an unknown key", "no schema", "a boolean schema", "a change taken out"),
]


@pytest.mark.parametrize("how", DAMAGE)
def test_a_spoilt_file_says_nothing_once_in_the_log_and_recovers_by_itself(opened, ticks, how, caplog):
    state = opened()
    older = opened.path.read_bytes()
    state.revoke("account:a", "leaked")
    good = opened.path.read_bytes()
    spoil(opened.path, how, older)
    for _ in range(3):
        ticks.at += 1
        assert state.read() is None
    opened.path.write_bytes(good)
    ticks.at += 1
    assert state.read().revoked == {"account:a": "leaked"}
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "leaked" not in caplog.text


@pytest.mark.parametrize("how", [each for each in DAMAGE if each != "older"])
async def test_opening_a_file_that_says_nothing_is_an_error_with_a_fix(opened, how):
    opened().revoke("account:a", "leaked")
    spoil(opened.path, how, b"")
    with pytest.raises(ConfigError) as caught:
        await opened().__aenter__()
    (problem,) = caught.value.problems
    assert problem.file == str(opened.path)
    assert problem.fix.startswith("zdr trust init -c zdr.yaml")
    assert ("--again" in problem.fix) == (how != "deleted")
    for change in (opened().revoke, opened().release):
        with pytest.raises(ConfigError):
            change("account:a", "x")


def test_a_contradiction_counts_at_once_and_is_written_when_that_becomes_possible(opened, ticks, caplog):
    state = opened()
    state.read()
    with locked(opened.path, wait=0):
        began = time.monotonic()
        state.contradict("target:a/m", "an answer")
        state.contradict("target:a/m", "an answer")
        assert time.monotonic() - began < 0.5
        assert state.read().contradicted == {"target:a/m": "an answer"}
        ticks.at += 1
        assert state.read().contradicted == {"target:a/m": "an answer"}
        assert opened().read().contradicted == {}
    assert len(caplog.records) == 1
    ticks.at += 1
    assert state.read().contradicted == {"target:a/m": "an answer"}
    assert opened().read().contradicted == {"target:a/m": "an answer"}
    assert len(opened().changes()) == 2


def test_a_revocation_that_cannot_be_written_says_so_and_counts_here(opened, monkeypatch, ticks):
    monkeypatch.setattr("zdr_router.state.trust_file._PATIENCE", 0.0)
    state = opened()
    state.read()
    with locked(opened.path, wait=0):
        with pytest.raises(ConfigError, match="another process"):
            state.revoke("account:a", "leaked")
        assert state.read().revoked == {"account:a": "leaked"}
        with pytest.raises(ConfigError, match="another process"):
            state.release("account:a", "x")
        assert state.read().revoked == {"account:a": "leaked"}
    ticks.at += 1
    state.read()
    assert opened().read().revoked == {"account:a": "leaked"}


@pytest.mark.parametrize(
    ("subject", "why"),
    [("groq", "x"), ("model:x", "x"), ("account:a", ""), ("account:a", "a\nb"), ("account:a", "y" * 301)],
)
def test_words_that_do_not_do_are_not_kept(opened, subject, why):
    before = opened.path.read_bytes()
    state = opened()
    for change in (state.revoke, state.contradict, state.release):
        with pytest.raises(ValueError, match="line"):
            change(subject, why)
    assert opened.path.read_bytes() == before
    assert state.read().revoked == state.read().contradicted == {}


def test_a_file_is_made_once_and_declared_right_on_purpose(opened, ticks):
    state = opened()
    older = opened.path.read_bytes()
    state.revoke("account:a", "leaked")
    with pytest.raises(ConfigError, match="already"):
        opened().init("again", again=False)
    opened.path.write_bytes(older)
    ticks.at += 1
    assert state.read() is None
    assert opened().init("restored", again=True) is None
    ticks.at += 1
    assert state.read().revoked == {}
    assert [each.kind for each in opened().changes()] == ["init", "init"]


def test_an_unreadable_file_is_kept_aside_when_a_new_one_is_made(opened, ticks):
    state = opened()
    state.revoke("account:a", "leaked")
    opened.path.write_text("{")
    ticks.at += 1
    aside = opened().init("lost", again=True)
    assert aside.read_text() == "{"
    assert state.read().revoked == {}


def test_owner_and_permissions_stay(opened):
    opened.path.chmod(0o640)
    opened().revoke("account:a", "leaked")
    assert opened.path.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in opened.path.parent.iterdir()) == [".trust.json.lock", "trust.json"]


def test_a_link_stays_a_link(opened, tmp_path):
    link = tmp_path / "elsewhere" / "link.json"
    link.parent.mkdir()
    link.symlink_to(opened.path)
    FileTrust(link).revoke("account:a", "leaked")
    assert link.is_symlink()
    assert opened().read().revoked == {"account:a": "leaked"}


def test_reading_costs_no_look_at_the_file(opened):
    state = opened()
    state.read()
    opened.path.unlink()
    assert state.read() is not None


STEPS = st.tuples(st.integers(0, 2), st.sampled_from(["revoke", "contradict", "release", "look", "restart"]))


@settings(max_examples=60)
@given(st.lists(st.tuples(STEPS, st.sampled_from(SUBJECTS)), max_size=14))
def test_however_writers_and_readers_take_turns_epochs_grow_and_no_revocation_is_lost(steps):
    with tempfile.TemporaryDirectory() as folder:
        path, ticks = Path(folder) / "trust.json", Ticks()
        FileTrust(path, clock=ticks).init("new", again=False)
        workers = [FileTrust(path, clock=ticks, ticks=ticks, by=f"worker {number}") for number in range(3)]
        epochs, stored, revoked, contradicted = [0, 0, 0], 0, set(), set()
        for (number, what), subject in steps:
            ticks.at += 0.1
            if what == "restart":
                workers[number], epochs[number] = FileTrust(path, clock=ticks, ticks=ticks), 0
            elif what != "look":
                getattr(workers[number], what)(subject, "because")
            if what == "revoke":
                revoked.add(subject)
            elif what == "contradict":
                # Whoever already knows it from an older look does not say it again.
                contradicted = set(FileTrust(path).read().contradicted)
                assert subject in workers[number].read().contradicted
            elif what == "release":
                revoked.discard(subject)
                contradicted.discard(subject)
            trust = workers[number].read()
            assert trust.epoch >= epochs[number]
            epochs[number] = trust.epoch
            now = FileTrust(path).read()
            assert (set(now.revoked), set(now.contradicted)) == (revoked, contradicted)
            assert now.epoch >= stored
            stored = now.epoch
        ticks.at += 1
        for worker in workers:
            trust = worker.read()
            assert (set(trust.revoked), set(trust.contradicted)) == (revoked, contradicted)


WRITER = """
import sys
from pathlib import Path
from zdr_router.state.trust_file import FileTrust
state = FileTrust(Path(sys.argv[1]), by=f"process {sys.argv[2]}")
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
for index in range(25):
    state.revoke(f"account:p{sys.argv[2]}-{index}", "because")
"""


def test_two_processes_that_write_at_once_lose_nothing(opened):
    command = [sys.executable, "-c", WRITER, str(opened.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([*command, str(number)], **pipes) for number in range(2)]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 2
    for worker in workers:
        worker.stdin.close()
    while any(worker.poll() is None for worker in workers):
        assert FileTrust(opened.path).read() is not None
        time.sleep(0.005)
    for worker in workers:
        worker.stdout.close()
    assert [worker.returncode for worker in workers] == [0, 0]
    trust = opened().read()
    assert set(trust.revoked) == {f"account:p{number}-{index}" for number in range(2) for index in range(25)}
    changes = opened().changes()
    assert [each.epoch - changes[0].epoch for each in changes] == list(range(51))


READER = """
import sys, time
from pathlib import Path
from zdr_router.state.trust_file import FileTrust
state = FileTrust(Path(sys.argv[1]))
state.read()
print("ready", flush=True)
while not state.read().revoked:
    time.sleep(0.01)
print(time.time(), flush=True)
"""


def test_another_process_sees_a_revocation_within_a_second(opened):
    command = [sys.executable, "-c", READER, str(opened.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as reader:
        assert reader.stdout.readline() == "ready\n"
        FileTrust(opened.path).revoke("account:a", "leaked")
        written = time.time()
        assert float(reader.stdout.readline()) - written < 1.0
