"""How freed memory comes to be overwritten: settings of Python and glibc, and the proof that they are in force."""

from __future__ import annotations

import ctypes
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TUNABLES: Final = "GLIBC_TUNABLES"
NO_CACHE: Final = "glibc.malloc.tcache_count=0"
"""What is freed into a thread's cache of small blocks is overwritten by no setting, so there is no such cache."""

KEEP: Final = MappingProxyType(
    {"glibc.malloc.mmap_threshold": 32 * 1024 * 1024, "glibc.malloc.trim_threshold": 64 * 1024 * 1024}
)
"""Bytes from which a block is mapped by itself, and of free memory that is kept.

To give memory back to the system and to get it again, page by page, costs more than to overwrite it: with these, a call
with 200 kB takes half the CPU.
"""

SETTINGS: Final[Mapping[str, str]] = MappingProxyType({"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"})
"""Python keeps no pools of its own, and glibc overwrites each block when it is freed."""

_SIZES: Final = (40, 200, 600, 5_000, 70_000)
_LINKS: Final = 32
"""Bytes at the beginning of a free block that the allocator itself writes to."""

_TAIL: Final = 8
"""Bytes at the end of a block that glibc does not overwrite: they are also the beginning of the next one's head."""

_MARK: Final = 0x33


def with_scrubbing(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which freed memory is overwritten. Other tunables of glibc stay as they are."""
    given = [each for each in environ.get(TUNABLES, "").split(":") if each and "tcache_count" not in each]
    named = {each.partition("=")[0] for each in given}
    added = [f"{name}={size}" for name, size in KEEP.items() if name not in named]
    return {**environ, **SETTINGS, TUNABLES: ":".join([*given, *added, NO_CACHE])}


def is_glibc() -> bool:
    """Whether this process runs on Linux with glibc, whose settings these are."""
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def scrubs() -> bool:
    """Whether this process overwrites what it frees: blocks of Python's are written to, freed and looked at."""
    take, free = ctypes.pythonapi.PyObject_Malloc, ctypes.pythonapi.PyObject_Free
    take.restype, take.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    free.restype, free.argtypes = None, (ctypes.c_void_p,)
    seen = ctypes.create_string_buffer(max(_SIZES))
    for size in _SIZES:
        # One behind it, lest it be joined to what was never used and given back to the system before it is looked at.
        block, behind = take(size), take(size)
        ctypes.memset(block, _MARK, size)
        free(block)
        ctypes.memmove(seen, block, size)
        free(behind)
        if seen.raw[_LINKS:size].count(_MARK) > _TAIL:
            return False
    return True
