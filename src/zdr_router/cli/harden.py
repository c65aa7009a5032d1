"""`zdr harden`: start a command as a process that leaves less behind."""

from __future__ import annotations

import os
import shutil
from typing import Annotated, Final, NoReturn

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import AsJson
from zdr_router.cli.output import Output
from zdr_router.hardening.coverage import coverage
from zdr_router.hardening.process import no_core, prepared

EXAMPLES: Final = """
\b
Examples:
  zdr harden -- uvicorn service:app
  zdr harden --beside sentry_sdk -- python service.py
  zdr harden --report
"""


def harden(
    *,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND...", help="What to start, with its arguments, after `--`.")
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", metavar="NAME", help="Accept this agent, debugger or variable. May be given again."),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Say what is covered here and what is not.")] = False,
    as_json: AsJson = False,
) -> int:
    """Start COMMAND so that what it frees is overwritten, no core is dumped, and no agent looks in.

    For Python on Linux with glibc. COMMAND takes the place of this process. Each router that it opens makes the process
    undumpable, and fails with what is amiss where memory is not overwritten or an agent is loaded.

    Refuses, with 65, to start beside an agent, a debugger or a variable that prints or records content, unless it is
    accepted by its name. docs/hardening.md says what was measured, and what this does not cover.
    """
    output = Output(as_json=as_json)
    if report:
        rows = list(coverage(os.environ))
        if as_json:
            output.json([each._asdict() for each in rows])
        else:
            output.table(("where content may stay", "", "why"), rows)
        return Code.DONE
    if not command:
        raise Fault("there is no command to start", fix="zdr harden -- COMMAND, or zdr harden --report")
    environ = prepared(command, os.environ, tuple(beside or ()))
    program = shutil.which(command[0])
    if program is None:
        raise Fault("the command is not found", fix="name a program on the PATH, after `--`")
    no_core()
    output.end()
    return _become(program, command, environ)


def _become(program: str, command: list[str], environ: dict[str, str]) -> NoReturn:
    os.execve(program, command, environ)  # noqa: S606 - to start what it is told is what it is for
