"""The rule book: which rules there are, and what they find together."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from zdr_router.conformance import rules
from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zdr_router.conformance.subject import Subject
    from zdr_router.errors import Problem

UNREADABLE = "ZDR900"
"""The id of whatever keeps a file from being loaded at all."""

FIRST_OF_OPERATORS = "ZDR920"
"""From here on rules are about an operator's file; without one they look at nothing."""


class Rule(Protocol):
    """One thing that must, or should, be true of a subject."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Every place where it is not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule with its id, and its page for people: the docstring of its module."""

    id: str
    title: str
    page: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and in what scope."""

    findings: tuple[Finding, ...]
    providers: int = 0
    configurations: int = 0
    accounts: int = 0
    routes: int = 0
    rules: int = 0

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
            _count(self.rules, "rule"),
        ]
        found = f"{_count(self.errors, 'error')}, {_count(self.warnings, 'warning')}"
        return f"{', '.join(scope)}: {found}"

    def __add__(self, other: Report) -> Report:
        """Both reports as one; the rules are the same book."""
        return Report(
            (*self.findings, *other.findings),
            self.providers + other.providers,
            self.configurations + other.configurations,
            self.accounts + other.accounts,
            self.routes + other.routes,
            max(self.rules, other.rules),
        )


@cache
def entries() -> tuple[Entry, ...]:
    """Every rule, by id. A module of `conformance.rules` holds one rule: its `ID` and its `RULE`."""
    found = []
    for module in pkgutil.iter_modules(rules.__path__):
        loaded: Any = importlib.import_module(f"{rules.__name__}.{module.name}")
        page = inspect.cleandoc(loaded.__doc__ or "")
        title = page.partition("\n")[0].removesuffix(".")
        found.append(Entry(loaded.ID, title, page, cast("Rule", loaded.RULE)))
    return tuple(sorted(found, key=lambda entry: entry.id))


def check(subject: Subject, book: Sequence[Entry] | None = None) -> Report:
    """Hold `subject` against every rule; findings come in the order of files and lines."""
    chosen = [
        entry
        for entry in (entries() if book is None else book)
        if subject.operator is not None or entry.id < FIRST_OF_OPERATORS
    ]
    findings = [finding for entry in chosen for finding in entry.rule.check(subject)]
    configurations = subject.configurations
    operator = subject.operator
    return Report(
        tuple(sorted(findings, key=_place)),
        providers=len({configuration.provider for configuration in configurations}),
        configurations=len(configurations),
        accounts=0 if operator is None else len(operator.deployment.accounts),
        routes=0 if operator is None else len(operator.deployment.routes),
        rules=len(chosen),
    )


def unreadable(problems: Iterable[Problem]) -> Report:
    """What is left to report of files that cannot be loaded: every fault, as an error."""
    findings = (
        Finding(UNREADABLE, "error", problem.file or "declarations", problem.what, problem.fix, problem.where)
        for problem in problems
    )
    return Report(tuple(findings))


def _place(finding: Finding) -> tuple[str, int, str]:
    file, _, line = finding.where.rpartition(":")
    return (file, int(line), finding.id) if line.isdigit() else (finding.where, 0, finding.id)


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
