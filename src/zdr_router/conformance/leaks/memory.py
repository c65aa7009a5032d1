"""Which bytes in the memory of a process, freed ones included, hold a canary."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zdr_router.conformance.leaks.forms import Needles

WINDOW: Final = 32 * 1024 * 1024
"""How many bytes of a process are looked at together."""

OVERLAP: Final = 1024 * 1024
"""How many bytes of a window the next one looks at again, for what lies across."""


class Copy(NamedTuple):
    """A canary in the memory of a process: in which part (`[heap]`, `[stack]`, `anonymous`, a file), and where."""

    canary: str
    encoding: str
    part: str
    address: int


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
