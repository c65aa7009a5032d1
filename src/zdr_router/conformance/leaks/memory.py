"""What stays in memory: which live objects hold a canary, and which bytes of a process, freed ones included, do."""

from __future__ import annotations

import array
import ctypes
import errno
import gc
import io
import mmap
import os
import sys
import threading
from pathlib import Path
from types import AsyncGeneratorType, CodeType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from zdr_router.conformance.leaks.forms import Needles

WINDOW: Final = 32 * 1024 * 1024
"""How many bytes of a process are looked at together."""

OVERLAP: Final = 1024 * 1024
"""How many bytes of a window the next one looks at again, for what lies across."""

_EMPTY: Final = frozenset({int, float, bool, type(None), CodeType})
"""Kinds that are passed over: they hold no content, and code, which is made of source, is most of what there is."""

_CONTAINERS: Final = (dict, list, tuple, set, frozenset)
_TOGETHER: Final = 4096
"""How many strings are looked at together."""

_RUNNING: Final = {CoroutineType: "cr_running", GeneratorType: "gi_running", AsyncGeneratorType: "ag_running"}


class Held(NamedTuple):
    """A canary in a live object: the kind of the object, and the kinds of what holds it, the nearest first."""

    canary: str
    encoding: str
    kind: str
    holders: tuple[str, ...]


class Copy(NamedTuple):
    """A canary in the memory of a process: in which part (`[heap]`, `[stack]`, `anonymous`, a file), and where."""

    canary: str
    encoding: str
    part: str
    address: int


def live_objects(needles: Needles, *, ignoring: tuple[object, ...] = ()) -> list[Held]:
    """Every live string, buffer, array and in-memory file that holds a canary, found without freeing anything.

    Looked at is whatever the collector knows, what that refers to, and what names stand for in the frames of other
    threads. Left out are the canaries themselves, what `ignoring` holds in plain containers, and the frames that call
    this. It never runs the collector: whoever wants to know what stays without it switches it off before the call
    that is tested.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return list(_live(needles, _reached(ignoring)))
    finally:
        if enabled:
            gc.enable()


def _live(needles: Needles, ignored: set[int]) -> Iterator[Held]:
    frames = _names_of_other_threads()
    roots = gc.get_objects()
    # What this search made itself, and the names of those that called it.
    seen = {id(each) for each in (*needles.owned(), needles, vars(needles), roots, frames, ignored)} | ignored
    texts: list[tuple[str, tuple[str, ...]]] = []
    seen.add(id(texts))
    pending: list[tuple[object, tuple[str, ...]]] = [(each, ()) for each in (*roots, *frames)]
    while pending:
        item, holders = pending.pop()
        kind = type(item)
        if id(item) in seen or (kind in _RUNNING and _is_running(item)):
            continue
        seen.add(id(item))
        if kind is str:
            texts.append((item, holders))  # type: ignore[arg-type] # its kind is what was asked for
            continue
        data = None if kind in _CONTAINERS else _bytes_of(item)
        if data is not None:
            for hit in needles.search(data):
                yield Held(hit.canary, hit.encoding, _kind(item), holders)
            continue
        above = (_kind(item), *holders[:2])
        below = gc.get_referents(item)
        if isinstance(item, dict):
            below += list(item)  # keys that are strings are not the collector's business
        pending += [(each, above) for each in below if type(each) not in _EMPTY and id(each) not in seen]
    yield from _in_texts(needles, texts)


def _in_texts(needles: Needles, texts: list[tuple[str, tuple[str, ...]]]) -> Iterator[Held]:
    """The same for strings, of which there are so many that they are looked at together first."""
    for first in range(0, len(texts), _TOGETHER):
        batch = texts[first : first + _TOGETHER]
        if not any(needles.search("\n".join([text for text, _ in batch]).encode("utf-8", "surrogatepass"))):
            continue
        for text, holders in batch:
            for hit in needles.search(text.encode("utf-8", "surrogatepass")):
                yield Held(hit.canary, hit.encoding, "str", holders)


def _reached(holders: tuple[object, ...]) -> set[int]:
    """What is within plain containers, by identity."""
    seen: set[int] = set()
    pending: list[object] = [holders]
    while pending:
        item = pending.pop()
        if id(item) not in seen:
            seen.add(id(item))
            if isinstance(item, _CONTAINERS):
                pending += gc.get_referents(item)
    return seen


def _names_of_other_threads() -> list[object]:
    """What names stand for in frames that run elsewhere, which the collector does not see."""
    found: list[object] = []
    running = sys._current_frames()  # noqa: SLF001 - documented, for debuggers
    del running[threading.get_ident()]  # a frame that has a name for itself would stay, and all that called it
    for newest in running.values():
        frame: FrameType | None = newest
        while frame is not None:
            found += frame.f_locals.values()
            frame = frame.f_back
    return found


def _is_running(item: object) -> bool:
    """Whether it is what a frame that runs belongs to: one of the callers, or of another thread and looked at there."""
    name = _RUNNING.get(type(item))
    return name is not None and bool(getattr(item, name))


def _kind(item: object) -> str:
    kind = type(item)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _bytes_of(item: object) -> bytes | bytearray | memoryview | None:
    """What can be searched of an object that holds text or bytes by itself, else None."""
    if isinstance(item, str):
        return item.encode("utf-8", "surrogatepass")
    if isinstance(item, (bytes, bytearray)):
        return item
    try:
        if isinstance(item, (memoryview, array.array)):
            return item.tobytes()
        if isinstance(item, io.BytesIO):
            return item.getvalue()
        return item.getvalue().encode("utf-8", "surrogatepass") if isinstance(item, io.StringIO) else None
    except ValueError:  # it was closed or released
        return b""


def process(pid: int, needles: Needles) -> list[Copy]:
    """Every copy in the memory that process `pid` can write to, freed or not.

    Of a process that looks at itself the canaries that it looks for are left out, as far as their places are known:
    what came of making them may be counted, on the stack above all. For an exact count look from another process, or
    let the one that is looked at hand over its `windows`.

    For another process that takes the right to trace it: the same user, a process that dumps, and where Yama says so
    a child of this one. Raises `OSError` where that is lacking or the process is gone, and `NotImplementedError`
    anywhere but on Linux.
    """
    places = needles.places() if pid == os.getpid() else ()
    found: dict[Copy, None] = {}
    # All plain ones first: what is decompressed on the way is freed memory as well.
    for search in (needles.plainly, needles.compressed):
        for part, address, window in windows(pid):
            for hit in search(window):
                at = address + hit.at
                if not any(first <= at < last for first, last in places):
                    found[Copy(hit.canary, hit.encoding, part, at)] = None
    return list(found)


def windows(pid: int) -> Iterator[tuple[str, int, memoryview]]:
    """The memory that process `pid` can write to, piece by piece: which part, its address, and a view of a copy.

    Each view is good until the next one is asked for. Raises as `process` does.
    """
    if sys.platform != "linux":
        message = "the memory of a process can be looked at on Linux only"
        raise NotImplementedError(message)
    read = _reader(pid)
    buffer = mmap.mmap(-1, WINDOW)  # its own mapping, which is told apart and goes as a whole
    own = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    view = memoryview(buffer)
    for part, first, last in _parts(pid, own, own + WINDOW):
        address = first
        while address < last:
            wanted = min(WINDOW, last - address)
            size = read(own, address, wanted)
            if size > 0:
                yield part, address, view[:size]
            if size < wanted or address + size >= last:
                break
            address += size - OVERLAP


def _reader(pid: int) -> Callable[[int, int, int], int]:
    """Copies into memory of this process: whither, from where, how many bytes; gives how many it could read."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.process_vm_readv.restype = ctypes.c_ssize_t

    class Span(ctypes.Structure):
        _fields_: ClassVar = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

    def read(into: int, address: int, size: int) -> int:
        here, there = Span(into, size), Span(address, size)
        count = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
        if count >= 0:
            return int(count)
        number = ctypes.get_errno()
        if number in {errno.EFAULT, errno.EIO}:  # a page that nobody can read
            return 0
        raise OSError(number, os.strerror(number), f"/proc/{pid}/mem")

    return read


def _parts(pid: int, own: int, own_end: int) -> Iterator[tuple[str, int, int]]:
    """What is mapped to be read and written; of this process without what is between `own` and `own_end`."""
    lines = Path(f"/proc/{pid}/maps").read_text("utf-8", "replace").splitlines()
    for line in lines:
        place, flags, _, _, _, *rest = line.split(maxsplit=5)
        if not flags.startswith("rw"):
            continue
        part = rest[0] if rest else "anonymous"
        first, last = (int(end, 16) for end in place.split("-"))
        if pid != os.getpid() or last <= own or own_end <= first:
            yield part, first, last
            continue
        if first < own:
            yield part, first, own
        if own_end < last:
            yield part, own_end, last
