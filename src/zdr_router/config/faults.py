"""What is wrong with what an operator declares, gathered so that it can be mended in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from zdr_router.registry.strict_yaml import Document


class Faults:
    """Problems of the operator's declarations, with lines when they came from a file."""

    def __init__(self, document: Document | None) -> None:
        """`document` is the file they came from, if they did."""
        self.document = document
        self._problems: list[Problem] = []

    def add(self, path: tuple[str | int, ...], what: str, fix: str) -> None:
        """One more: what is wrong at `path`, and what to do."""
        known = self.document
        self._problems.append(known.problem(path, what, fix) if known else Problem(what, fix=fix))

    def raise_any(self) -> None:
        """Raise `ConfigError` with all of them, if there are any."""
        if self._problems:
            raise ConfigError(self._problems)
