"""The rule book: which rules there are, and what they find together."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from zdr_router.conformance import rules
from zdr_router.conformance import unreadable as unloaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from zdr_router.conformance.findings import Finding
    from zdr_router.conformance.subject import Subject
    from zdr_router.errors import Problem

OF_OPERATORS: Final = ("ZDR920", "ZDR939")
"""The first and the last id of rules about an operator's file; without one they look at nothing."""

OF_COMPARISONS: Final = ("ZDR950", "ZDR959")
"""The first and the last id of rules that compare with an earlier state; without one they look at nothing."""


class Rule(Protocol):
    """One thing that must, or should, be true of a subject."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Every place where it is not."""


@dataclass(frozen=True, slots=True)
class Page:
    """What an id means, for people; `text` is what follows the title."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule with its page: the docstring of its module."""

    page: Page
    rule: Rule

    @property
    def id(self) -> str:
        """The id of its page."""
        return self.page.id


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and in what scope; `rules` are the ids of those that looked."""

    findings: tuple[Finding, ...]
    providers: int = 0
    configurations: int = 0
    accounts: int = 0
    routes: int = 0
    rules: frozenset[str] = frozenset()

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors

    @property
    def summary(self) -> str:
        """One line: what was looked at, and what came of it."""
        scope = [
            _count(self.providers, "provider"),
            _count(self.configurations, "configuration"),
            *([_count(self.accounts, "account"), _count(self.routes, "route")] if self.accounts else []),
            _count(len(self.rules), "rule"),
        ]
        found = f"{_count(self.errors, 'error')}, {_count(self.warnings, 'warning')}"
        return f"{', '.join(scope)}: {found}"

    def seen_from(self, folder: Path) -> Report:
        """The same with files relative to `folder` where they lie below it."""
        return dataclasses.replace(self, findings=tuple(each.seen_from(folder) for each in self.findings))

    def __add__(self, other: Report) -> Report:
        """Both reports as one."""
        return Report(
            (*self.findings, *other.findings),
            self.providers + other.providers,
            self.configurations + other.configurations,
            self.accounts + other.accounts,
            self.routes + other.routes,
            self.rules | other.rules,
        )


@cache
def entries() -> tuple[Entry, ...]:
    """Every rule, by id. A module of `conformance.rules` holds one rule: its `ID` and its `RULE`."""
    found = []
    for module in pkgutil.iter_modules(rules.__path__):
        loaded: Any = importlib.import_module(f"{rules.__name__}.{module.name}")
        found.append(Entry(_page(loaded.ID, loaded.__doc__), cast("Rule", loaded.RULE)))
    return tuple(sorted(found, key=lambda entry: entry.id))


def pages() -> tuple[Page, ...]:
    """What every id means that a finding can have, by id."""
    return (_page(unloaded.ID, unloaded.__doc__), *(entry.page for entry in entries()))


def _page(id_: str, docstring: str | None) -> Page:
    title, _, text = inspect.cleandoc(docstring or "").partition("\n")
    return Page(id_, title.removesuffix("."), text.strip())


def check(subject: Subject, book: Sequence[Entry] | None = None) -> Report:
    """Hold `subject` against every rule; findings come in the order of files and lines."""
    chosen = [entry for entry in (entries() if book is None else book) if _applies(entry, subject)]
    findings = [finding for entry in chosen for finding in entry.rule.check(subject)]
    configurations = subject.configurations
    operator = subject.operator
    return Report(
        tuple(sorted(findings, key=_place)),
        providers=len({configuration.provider for configuration in configurations}),
        configurations=len(configurations),
        accounts=0 if operator is None else len(operator.deployment.accounts),
        routes=0 if operator is None else len(operator.deployment.routes),
        rules=frozenset(entry.id for entry in chosen),
    )


def _applies(entry: Entry, subject: Subject) -> bool:
    for (first, last), needed in ((OF_OPERATORS, subject.operator), (OF_COMPARISONS, subject.before)):
        if first <= entry.id <= last and needed is None:
            return False
    return True


def unreadable(problems: Iterable[Problem]) -> Report:
    """What is left to report of files that cannot be loaded: every fault, as an error."""
    return Report(tuple(unloaded.findings(problems)))


def _place(finding: Finding) -> tuple[str, int, str]:
    return (finding.file, finding.line, finding.id)


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
