"""A process that leaves less behind: freed memory is overwritten, no core is dumped, and nobody sits in it who looks.

`zdr harden -- COMMAND` starts one. Each router that is opened in it sees to the part that only the process itself can
do, and refuses to open where any part does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEMANDED", "harden", "is_demanded"]

DEMANDED: Final = "ZDR_HARDENED"
"""Set to 1 in the environment of a process that is to be hardened."""


def is_demanded(environ: Mapping[str, str]) -> bool:
    """Whether the process was started to be a hardened one."""
    return environ.get(DEMANDED) == "1"


def harden(environ: Mapping[str, str] | None = None) -> None:
    """Dump no core, let no other process of the same user look in, and make sure that the rest holds.

    Raises `ConfigError` with every reason why this process is not a hardened one: it frees memory as it is, is not on
    Linux with glibc, or has somebody in it whom `ZDR_HARDENED_BESIDE` does not name.
    """
    from zdr_router.hardening.process import harden_this  # noqa: PLC0415 - only those who are to be pay for it

    harden_this(environ)
