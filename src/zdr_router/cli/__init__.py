"""Decides what an operator types: the `zdr` command and its subcommands."""

from __future__ import annotations

import gc

__all__ = ["main"]


def main() -> None:
    """Run `zdr` with the arguments of this process, and exit with its code."""
    # Typer is loaded here, so that `import zdr_router.cli` stays light. What a module makes stays, so that to look for
    # garbage in between finds none, and costs a tenth of the start.
    gc.disable()
    from zdr_router.cli.app import app  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    app(prog_name="zdr")
