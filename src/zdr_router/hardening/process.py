"""What a process does to itself, and what `zdr harden` does before it starts one."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import TYPE_CHECKING, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.hardening import DEMANDED
from zdr_router.hardening.allocator import is_glibc, scrubs, with_scrubbing
from zdr_router.hardening.company import Stranger, about_to_come, here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BESIDE: Final = "ZDR_HARDENED_BESIDE"
"""The names, with commas between them, of those that the operator lets be in the process."""

_SET_DUMPABLE: Final = 4
_GET_DUMPABLE: Final = 3
_AGAIN: Final = "start it with `zdr harden -- COMMAND`"


def harden_this(environ: Mapping[str, str] | None = None) -> None:
    """As `zdr_router.hardening.harden` says."""
    environ = os.environ if environ is None else environ
    problems = list(_faults(environ))
    if problems:
        raise ConfigError(problems)
    no_core()
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, 0, 0, 0, 0) != 0 or is_dumpable():
        raise ConfigError(Problem("the process cannot be kept from being dumped and looked into", fix=_AGAIN))


def _faults(environ: Mapping[str, str]) -> Iterator[Problem]:
    if not is_glibc():
        yield Problem("only a process on Linux with glibc can be hardened", fix="run it there, or without hardening")
    elif not scrubs():
        yield Problem("this process does not overwrite the memory that it frees", fix=_AGAIN)
    for stranger in unwanted(here(sys.modules), environ.get(BESIDE, "").split(",")):
        yield Problem(stranger.seen, fix=f"leave it out, or accept it with `zdr harden --beside {stranger.name}`")


def unwanted(strangers: Iterable[Stranger], accepted: Iterable[str]) -> tuple[Stranger, ...]:
    """Those that nobody has accepted, each once."""
    names = set(accepted)
    return tuple(dict.fromkeys(each for each in strangers if each.name not in names))


def prepared(command: Sequence[str], environ: Mapping[str, str], accepted: Sequence[str]) -> dict[str, str]:
    """The environment in which `command` becomes a hardened process. Raises `ConfigError` with all that speaks against.

    `accepted` are names of those who may be in it.
    """
    problems = [
        Problem(each.seen, fix=f"leave it out, or accept it with --beside {each.name}")
        for each in unwanted(about_to_come(command, environ), accepted)
    ]
    if not is_glibc():
        problems.insert(
            0, Problem("only a process on Linux with glibc can be hardened", fix="see `zdr harden --report`")
        )
    if problems:
        raise ConfigError(problems)
    return {**with_scrubbing(environ), DEMANDED: "1", BESIDE: ",".join(accepted)}


def no_core() -> None:
    """Let nobody write a core of this process, or of what it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def is_dumpable() -> bool:
    """Whether other processes of the same user may look into this one."""
    return bool(ctypes.CDLL(None).prctl(_GET_DUMPABLE, 0, 0, 0, 0))
