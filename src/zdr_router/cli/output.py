"""The one place that prints: for people with rich, for programs as JSON; no colour where nobody looks."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from zdr_router.metadata import AttemptRecord, Metadata, Refusal

_WIDE = 400
"""Columns where there is no terminal: a program or a log gets its lines whole."""

_DRAWN = 100
"""Columns of a drawing where there is no terminal."""


class Unwritable(Exception):
    """Stdout takes no more; `why` is None where its reader went away, which is nobody's fault."""

    def __init__(self, why: str | None) -> None:
        """For people."""
        self.why = why
        super().__init__(why)


class Output:
    """What a command says on stdout, and beside it on stderr. Nothing is read as markup."""

    def __init__(self, *, as_json: bool) -> None:
        """`as_json` is what `--json` asks for."""
        self.as_json = as_json

    def json(self, value: object) -> None:
        """One JSON document on stdout; infinite instants are null."""
        import orjson  # noqa: PLC0415 - loaded when something is printed, so that --help is quick

        text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
        self.text(text)

    def row(self, value: object) -> None:
        """One JSON document on a line of its own."""
        import orjson  # noqa: PLC0415 - as above

        self.text(orjson.dumps(value).decode())

    def exactly(self, text: str) -> None:
        """A whole document on stdout to the byte, without an end of line: its digest is known."""
        with _result() as stream:
            stream.write(text)

    def text(self, text: str) -> None:
        """A whole document on stdout, as another tool reads it: no width, no colour."""
        with _result() as stream:
            stream.write(f"{text}\n")

    def line(self, text: str = "", style: str | None = None) -> None:
        """A line of the result."""
        with _result() as stream:
            _console(stream).print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def note(self, text: str, style: str | None = None) -> None:
        """A line beside the result, on stderr."""
        _console(sys.stderr).print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def content(self, text: str) -> None:
        """A piece of an answer, as it comes. A terminal gets no control characters: a model might steer it."""
        with _result() as stream:
            stream.write(printable(text) if stream.isatty() else text)
            stream.flush()

    def end(self) -> None:
        """What is still held back goes out, so that a result which nobody got is noticed."""
        if sys.stdout is not None:
            with _result() as stream:
                stream.flush()

    def error(self, what: str, where: str, fix: str) -> None:
        """What went wrong, where, and what to do next."""
        self.note(f"error: {what}", "bold red")
        for name, text in (("where", where), ("next", fix)):
            if text:
                self.note(f"  {name + ':':<6} {text}")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table of the result."""
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        with _result() as stream:
            _console(stream).print(table)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Names and values, one a line; values that say nothing are left out."""
        shown = [(name, value) for name, value in facts if value]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.line(f"  {name:<{width}}  {value}")

    def refusals(self, refusals: Iterable[Refusal], *, to_stderr: bool) -> None:
        """Every reason, with its fix and its place; reasons of one id for which the same helps stand together."""
        say = self.note if to_stderr else self.line
        together: dict[tuple[str, str, str], list[Refusal]] = {}
        for refusal in refusals:
            together.setdefault((refusal.id, refusal.target, refusal.fix), []).append(refusal)
        for (id_, target, fix), group in together.items():
            say(f"  {id_} {target}: {'; '.join(dict.fromkeys(each.sentence for each in group))}")
            say(f"         next:  {fix}")
            if where := ", ".join(dict.fromkeys(each.where for each in group if each.where)):
                say(f"         where: {where}")

    def attempts(self, attempts: Iterable[AttemptRecord]) -> None:
        """How each attempt ended, on stderr."""
        for attempt in attempts:
            status = f", HTTP {attempt.http_status}" if attempt.http_status is not None else ""
            self.note(f"  {attempt.target}: {attempt.outcome}{status}, after {attempt.duration_ms:.0f} ms")

    def metadata(self, metadata: Metadata) -> None:
        """The record of a request in brief, on stderr."""
        tokens = f", {metadata.input_tokens} tokens in, {metadata.output_tokens} out"
        if metadata.input_tokens is None:
            tokens = ""
        self.note(
            f"{metadata.target} ({metadata.configuration}), {metadata.duration_ms:.0f} ms{tokens}, "
            f"attempts: {len(metadata.attempts)}, request {metadata.request_id}",
            "dim",
        )
        if metadata.unsafe:
            self.note("an `unsafe_…` option was in force", "bold yellow")


def console() -> Console:
    """A console on stdout for whoever draws more than lines and tables; drawings need a width to be drawn in."""
    return _console(sys.stdout, width=_DRAWN)


@contextlib.contextmanager
def _result() -> Iterator[TextIO]:
    """Stdout, whose faults are `Unwritable`; after one of them it is silent, or Python would complain at its end."""
    if sys.stdout is None:
        raise Unwritable("stdout is closed")
    try:
        yield sys.stdout
    except OSError as error:
        fault = Unwritable(None if isinstance(error, BrokenPipeError) else error.strerror or type(error).__name__)
    else:
        return
    with contextlib.suppress(OSError):
        place = sys.stdout.fileno()
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, place)
        os.close(silent)
    raise fault


def printable(text: str) -> str:
    """`text` without what could steer a terminal; newlines and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _console(stream: TextIO, width: int = _WIDE) -> Console:
    """Made anew each time, so that it follows whatever stdout and stderr are now."""
    from rich.console import Console  # noqa: PLC0415 - loaded when something is printed, so that --help is quick

    terminal = stream.isatty()
    options: dict[str, Any] = {} if terminal else {"force_terminal": False, "no_color": True, "width": width}
    return Console(file=stream, emoji=False, **options)
