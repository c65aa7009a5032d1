"""Decides what an operator types: the `zdr` command and its subcommands."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run `zdr` with the arguments of this process, and exit with its code."""
    # Typer is loaded here, so that `import zdr_router.cli` stays light.
    from zdr_router.cli.app import app  # noqa: PLC0415

    app(prog_name="zdr")
