import array
import asyncio
import base64
import collections
import gc
import gzip
import io
import os
import secrets
import subprocess
import sys
import threading
import types

import here
import pytest

from zdr_router.conformance.leaks.forms import Needles
from zdr_router.conformance.leaks.live import live_objects
from zdr_router.conformance.leaks.memory import process, windows


@pytest.fixture(autouse=True)
def what_was_there_before(monkeypatch):
    """Is left out: what is planted here is new, and all that was imported for other tests takes seconds to look at.

    Where something is frozen the quick look is left out too; here it is not to be.
    """
    gc.collect()
    gc.freeze()
    monkeypatch.setattr(gc, "get_freeze_count", int)
    yield
    gc.unfreeze()


@pytest.fixture
def needles():
    return Needles({"prompt": "canary " + secrets.token_hex(8)})


def planted(needles):
    """Content with the canary in it. Made anew, so that what holds it is what is found."""
    return "".join(["<", needles.owned()[0], ">"])


def started(text):
    def generate():
        mine = text + "!"
        yield
        del mine

    made = generate()
    next(made)
    return made


PLACES = {
    "a string in a dict": (lambda text: {"kept": text}, "str", "dict"),
    "the key of a dict": (lambda text: {text: 1}, "str", "dict"),
    "bytes in nested tuples": (lambda text: ((text.encode(),),), "bytes", "tuple"),
    "a bytearray": (lambda text: [bytearray(text.encode())], "bytearray", "list"),
    "a view": (lambda text: [memoryview(bytearray(text.encode()))], "memoryview", "list"),
    "an array": (lambda text: [array.array("B", text.encode())], "array.array", "list"),
    "a file in memory": (lambda text: [io.BytesIO(text.encode())], "_io.BytesIO", "list"),
    "a text file in memory": (lambda text: [io.StringIO(text)], "_io.StringIO", "list"),
    "an attribute": (lambda text: types.SimpleNamespace(kept=text), "str", "dict"),
    "a queue": (lambda text: collections.deque((text,)), "str", "collections.deque"),
    "a closure": (lambda text: lambda: text, "str", "cell"),
    "a generator": (started, "str", "generator"),
    "an exception": (ValueError, "str", "tuple"),
    "base64": (lambda text: [base64.b64encode(text.encode()).decode()], "str", "list"),
    "gzip": (lambda text: [gzip.compress(text.encode())], "bytes", "list"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_live_object_that_holds_a_canary_is_found_wherever_it_is(needles, place):
    keep, kind, holder = PLACES[place]
    kept = [keep(planted(needles))]
    found = live_objects(needles)
    assert (kind, holder) in {(held.kind, *held.holders[:1]) for held in found}
    assert {held.canary for held in found} == {"prompt"}
    del kept
    assert live_objects(needles) == []


def test_what_is_in_a_cycle_is_found_as_long_as_it_is_not_collected(needles):
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        cycle = [planted(needles)]
        cycle.append(cycle)
        del cycle
        assert len(live_objects(needles)) == 1
        assert not gc.isenabled()
    finally:
        if was_enabled:
            gc.enable()
    gc.collect()
    assert live_objects(needles) == []


def test_a_name_in_a_frame_of_another_thread_is_found(needles):
    begun, end = threading.Event(), threading.Event()

    def work(text):
        begun.set()
        end.wait(30)
        del text

    thread = threading.Thread(target=lambda: work(planted(needles)))
    thread.start()
    begun.wait(30)
    try:
        assert len(live_objects(needles)) == 1
    finally:
        end.set()
        thread.join()
    assert live_objects(needles) == []


async def test_a_task_that_waits_is_found_with_what_it_names(needles):
    async def wait(text):
        await asyncio.sleep(30)
        del text

    task = asyncio.create_task(wait(planted(needles)))
    await asyncio.sleep(0)
    (held,) = live_objects(needles)
    assert held.holders[0] == "coroutine"
    task.cancel()
    await asyncio.wait([task])


def test_what_the_caller_says_is_its_own_is_left_out(needles):
    messages = [{"content": planted(needles)}]
    assert live_objects(needles, ignoring=(messages,)) == []
    assert len(live_objects(needles)) == 1
    assert messages


FORMS = {
    "plain": "kept = text.encode() + b'.'",
    "utf-16": "kept = text.encode('utf-16-le')",
    "utf-32": "kept = text.encode('utf-32-be')",
    "json": "kept = ''.join('\\\\u%04x' % ord(each) for each in text)",
    "url": "kept = ''.join('%%%02x' % ord(each) for each in text)",
    "base64": "import base64; kept = base64.b64encode(text.encode())",
    "plain in zlib": "import zlib; kept = zlib.compress(bytes(999) + text.encode())",
}


@pytest.fixture
def child():
    """Starts a process that makes something of a text, says that it has, and waits."""
    if sys.platform != "linux":
        here.lacking("the memory of a process can be looked at on Linux only", "run this on Linux")
    started = []

    def start(work, text):
        script = (
            f"import sys\ntext = sys.stdin.readline()[::-1].strip()\n{work}\nprint(flush=True)\nsys.stdin.readline()"
        )
        made = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(made)
        made.stdin.write(text[::-1].encode() + b"\n")
        made.stdin.flush()
        assert made.stdout.readline()
        return made.pid

    yield start
    for each in started:
        each.communicate()


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_in_the_memory_of_another_process_is_found(needles, child, form):
    found = process(child(FORMS[form], needles.owned()[0]), needles)
    assert form in {copy.encoding for copy in found}
    assert {copy.canary for copy in found} == {"prompt"}


def test_a_copy_in_freed_memory_is_found(needles, child):
    pid = child("kept = bytearray(text.encode() * 5000); mark = bytes(9); del kept, text", needles.owned()[0])
    assert process(pid, needles)


def test_nothing_is_found_in_a_process_that_was_told_nothing(needles, child):
    assert process(child("pass", "something else"), needles) == []


def test_a_process_that_looks_at_itself_does_not_count_what_it_looks_for():
    if sys.platform != "linux":
        here.lacking("the memory of a process can be looked at on Linux only", "run this on Linux")
    script = """
import os, secrets
from zdr_router.conformance.leaks.forms import Needles
from zdr_router.conformance.leaks.memory import process
needles = Needles({"prompt": secrets.token_bytes(16), "answer": secrets.token_bytes(16)})
def look():  # what was made of them on the way may be left on the stack
    return [copy for copy in process(os.getpid(), needles) if copy.part != "[stack]"]
print(len(look()))
kept = b"".join([b"<", needles.owned()[0], b">"])
print(len(look()))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["0", "1"]


def test_a_canary_across_two_windows_is_found_once(needles, child, monkeypatch):
    monkeypatch.setattr("zdr_router.conformance.leaks.memory.WINDOW", 64 * 1024)
    monkeypatch.setattr("zdr_router.conformance.leaks.memory.OVERLAP", 4 * 1024)
    pid = child(
        "import mmap; kept = mmap.mmap(-1, 300_000); at = 64 * 1024 - 3; kept[at:at + len(text)] = text.encode()",
        needles.owned()[0],
    )
    shared = [copy for copy in process(pid, needles) if copy.part.startswith("/dev/zero")]
    assert len(shared) == 1


def test_a_process_that_is_gone_is_an_error(needles):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(OSError, match=str(gone.pid)):
        process(gone.pid, needles)


def test_elsewhere_than_on_linux_it_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NotImplementedError, match="Linux only"):
        list(windows(os.getpid()))
