"""Decides how the demo speaks: acts with facts and checked claims, shown to a person or collected for JSON."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import RenderableType

INDENT: Final = 2
LABEL: Final = 8


def printable(text: str) -> str:
    """`text` without what could steer a terminal: a model may write anything."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that the demo says of itself, and whether it came true."""

    sentence: str
    held: bool


@dataclass(slots=True)
class Act:
    """One act: what it found out, and what it claims. `summary` is its line in the end."""

    number: int
    title: str
    console: Console
    summary: str = ""
    seconds: float = 0.0
    facts: dict[str, object] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether it claimed something, and all of it came true."""
        return bool(self.claims) and all(claim.held for claim in self.claims)

    def say(self, sentence: str, style: str = "") -> None:
        """Tell the reader something; `sentence` is taken as it is, without markup."""
        self.show(Text(sentence, style=style))

    def show(self, what: RenderableType) -> None:
        """Show a table or a text, indented."""
        self.console.print(Padding(what, (0, 0, 0, INDENT)))

    def gap(self) -> None:
        """Leave a line empty."""
        self.console.print()

    def check(self, sentence: str, *, held: bool) -> None:
        """Claim `sentence`, having checked it."""
        self.claims.append(Claim(sentence, held))
        self.show(_marked(self.console, Text(sentence), held=held))

    def pairs(self, values: Mapping[str, object]) -> None:
        """Names and values, one pair a line."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True, min_width=LABEL)
        grid.add_column(overflow="fold")
        for name, value in values.items():
            grid.add_row(name, value if isinstance(value, Text) else Text(str(value)))
        self.show(grid)

    def quote(self, label: str, text: str) -> None:
        """A prompt or an answer, for the reader's eyes alone."""
        self.pairs({label: Text(_close_set(printable(text)).strip(), style="italic")})

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        claims = [{"claim": claim.sentence, "held": claim.held} for claim in self.claims]
        seconds = round(self.seconds, 3)
        return {
            "act": self.number,
            "title": self.title,
            "held": self.held,
            "seconds": seconds,
            **self.facts,
            "claims": claims,
        }


class Scene:
    """All acts. What is shown goes to `console`, what moves while one waits to `progress`."""

    def __init__(self, console: Console, progress: Console) -> None:
        self.console = console
        self.acts: list[Act] = []
        self._progress = progress

    @property
    def held(self) -> bool:
        """Whether everything that was claimed came true."""
        return bool(self.acts) and all(act.held for act in self.acts)

    @contextmanager
    def act(self, number: int, title: str) -> Iterator[Act]:
        """Open an act and take its time."""
        act = Act(number, title, self.console)
        self.acts.append(act)
        self.console.print()
        heading = Text(f"{number}  {title}", style="bold")
        self.console.print(Rule(heading, align="left", style="dim", characters=_line(self.console)))
        begun = time.monotonic()
        try:
            yield act
        finally:
            act.seconds = time.monotonic() - begun

    @contextmanager
    def waiting(self, what: str) -> Iterator[Callable[[str], None]]:
        """A spinner with the time in a terminal, else plain lines; yields what changes its text."""
        if not self._progress.is_terminal:
            self._progress.print(Text(f"{' ' * INDENT}{what}"), soft_wrap=True)
            yield lambda text: self._progress.print(Text(f"{' ' * INDENT}{text}"), soft_wrap=True)
            return
        columns = (SpinnerColumn("line", style="bold"), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._progress, transient=True) as shown:
            task = shown.add_task(what, total=None)
            yield lambda text: shown.update(task, description=text)

    def contents(self, entries: Mapping[str, str]) -> None:
        """What will be shown, one line an act."""
        grid = Table.grid(padding=(0, 2))
        for number, entry in entries.items():
            grid.add_row(Text(number, style="bold"), Text(entry))
        self.console.print(Padding(grid, (0, 0, 0, INDENT)))

    def closing(self) -> None:
        """What was shown, one line an act, with the time that it took."""
        self.console.print()
        total = sum(act.seconds for act in self.acts)
        heading = Text("What you saw", style="bold")
        self.console.print(Rule(heading, align="left", style="dim", characters=_line(self.console)))
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        for act in self.acts:
            line = _marked(self.console, Text(act.summary or act.title), held=act.held)
            grid.add_row(line, Text(f"{act.seconds:.1f} s"))
        grid.add_row(Text(""), Text(f"{total:.1f} s", style="bold"))
        self.console.print(Padding(grid, (0, 0, 0, INDENT)))


class Writer:
    """Writes a text that comes in pieces, breaks its lines between words, and leaves empty lines out."""

    def __init__(self, console: Console, label: str) -> None:
        self._console = console
        self._start = INDENT + LABEL + 2
        self._column = self._start
        self._line_ended = False
        console.print(Text.assemble(" " * INDENT, (label.ljust(LABEL), "dim"), "  "), end="", soft_wrap=True)

    def write(self, piece: str) -> None:
        """Add `piece` at once."""
        for part in re.split(r"(\n)", printable(piece)):
            if part == "\n":
                self._line_ended = True
            elif part:
                self._within_a_line(part)

    def end(self) -> None:
        """End the line."""
        self._console.print()

    def _within_a_line(self, text: str) -> None:
        full = text[0].isspace() and self._column + len(text) > self._console.width
        if (full or self._line_ended) and self._column > self._start:
            self._put("\n" + " " * self._start)
            self._column = self._start
        self._line_ended = False
        shown = text.lstrip() if self._column == self._start else text
        self._put(shown)
        self._column += len(shown)

    def _put(self, text: str) -> None:
        self._console.print(Text(text, style="italic"), end="", soft_wrap=True)


def _close_set(text: str) -> str:
    """`text` without empty lines, which look like the end of an answer."""
    return re.sub(r"\n\s*\n", "\n", text)


def _marked(console: Console, text: Text, *, held: bool) -> Table:
    good, bad = ("ok", "NOT SO") if console.options.ascii_only else ("\u2713", "\u2717 not so:")
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(good if held else bad, style="green" if held else "bold red"), text)
    return grid


def _line(console: Console) -> str:
    return "-" if console.options.ascii_only else "\u2500"
