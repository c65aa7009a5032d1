"""How a new key reaches whoever asked for it: on a terminal, in a new file, or printed because they said so."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from zdr_router.cli.exits import Fault, unwritable
from zdr_router.cli.output import Output
from zdr_router.sealed import Sealed

Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the key to this new file, readable by its owner alone."),
]
Print = Annotated[bool, typer.Option("--print", help="Print the key even though stdout is no terminal.")]


class Given:
    """Where a key goes. Decided before there is one, so that none is made that nobody gets."""

    def __init__(self, out: Path | None, *, as_json: bool, printed: bool) -> None:
        """Raises `Fault` where the key would end in a log or a pipe that nobody meant."""
        if out is None and not printed and (as_json or not sys.stdout.isatty()):
            what = "the key would be printed to a place that is no terminal"
            raise Fault(what, fix="write it to a file with --out FILE, or say --print")
        if out is not None and printed:
            raise Fault("--out and --print are two places", fix="choose one: a key lies in one place")
        self._out = out
        self._as_json = as_json

    @contextlib.contextmanager
    def holding(self, text: Sealed[str]) -> Iterator[None]:
        """Write the key to its file, and take that away again where what is done meanwhile fails."""
        if self._out is None:
            yield
            return
        try:
            place = os.open(self._out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(place, "w") as file:
                file.write(f"{text.open()}\n")
        except FileExistsError:
            fault: Exception | None = Fault(
                "the file is there already", where=str(self._out), fix="name a new one: nothing is overwritten"
            )
        except OSError as error:
            fault = unwritable(self._out, error)
        else:
            fault = None
        if fault is not None:
            raise fault
        try:
            yield
        except BaseException:
            self._out.unlink(missing_ok=True)
            raise

    def tell(self, text: Sealed[str], what: str, facts: Mapping[str, object]) -> None:
        """Say what was done, and give the key where it is to be printed. What is said besides is on stderr then."""
        output = Output(as_json=self._as_json)
        if self._as_json:
            there = {"file": str(self._out)} if self._out is not None else {"secret": text.open()}
            output.json({**facts, **there})
        elif self._out is not None:
            output.line(what, "bold green")
            output.line(f"it is in {self._out}, and nowhere else")
        else:
            output.note(what, "bold green")
            output.text(text.open())
            output.note("keep it now: it is not shown again")
