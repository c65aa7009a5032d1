"""What hardening covers on this machine, and what it does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from zdr_router.hardening import is_demanded
from zdr_router.hardening.allocator import is_glibc, scrubs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Covered(NamedTuple):
    """One place where content may stay. `holds`: it is `covered`, `not covered`, or it depends on the machine."""

    where: str
    holds: Literal["covered", "not covered", "see to it"]
    why: str


_NOT: Final = (
    ("socket buffers of the kernel", "freed as they are; `init_on_free=1` at boot overwrites them"),
    ("buffers of OpenSSL", "its own affair: none held readable content when this was measured, another version may"),
    ("the ends of freed blocks", "glibc leaves up to 8 bytes of each as they were"),
    ("stack and registers", "what a function left there stays until another one writes over it"),
    ("keys of JSON objects", "orjson keeps up to 2048 keys of at most 64 bytes, to read them faster"),
    ("other allocators", "a library that brings its own (jemalloc, Rust, Go) frees memory as that does"),
    ("other processes", "proxies, agents on the machine and the provider have memory of their own"),
    ("hibernation and snapshots", "write all memory to a disk; a live migration sends it over a network"),
    ("administrators", "root, and whoever may trace, can read any process"),
    ("musl, macOS and Windows", "have no such settings: `zdr harden` refuses to start there"),
)


def coverage(environ: Mapping[str, str]) -> Iterator[Covered]:
    """Place by place, as it is for what `zdr harden` starts here."""
    glibc = is_glibc()
    linux: Literal["covered", "not covered"] = "covered" if glibc else "not covered"
    why = "overwritten when it is freed" if glibc else "needs Linux with glibc"
    yield Covered("freed memory of Python and C code", linux, why)
    yield Covered("core dumps", linux, "RLIMIT_CORE is 0, and the process is not dumpable once a router is open")
    yield Covered("other processes of the same user", linux, "cannot read its memory once a router is open")
    yield Covered("agents and debuggers in the process", linux, "refused at the start, and when a router is opened")
    swap = _swap()
    if swap is None:
        yield Covered("swap", "see to it", "it cannot be seen here whether memory is swapped out: switch swap off")
    elif swap:
        yield Covered(
            "swap", "not covered", f"{swap} in use here: switch it off, or encrypt it with a key that is lost"
        )
    else:
        yield Covered("swap", "covered", "there is none on this machine")
    for where, what in _NOT:
        yield Covered(where, "not covered", what)
    if is_demanded(environ):
        state = "is" if glibc and scrubs() else "is not"
        yield Covered(
            "this process itself", "covered" if state == "is" else "not covered", f"it {state} a hardened one"
        )


def _swap() -> str | None:
    """How much swap there is, in words; empty where there is none, and None where nobody says."""
    if sys.platform != "linux" or not os.access("/proc/swaps", os.R_OK):
        return None
    areas = Path("/proc/swaps").read_text("ascii", "replace").splitlines()[1:]
    if not areas:
        return ""
    return f"{len(areas)} swap area" + ("s are" if len(areas) > 1 else " is")
