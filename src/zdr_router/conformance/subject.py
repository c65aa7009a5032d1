"""What the rules look at: a registry, or an operator's file with the part of the registry that its accounts use."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zdr_router.config import load
from zdr_router.registry import Registry
from zdr_router.registry.strict_yaml import Document, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zdr_router.deployment import Deployment
    from zdr_router.registry import Configuration, Source

AHEAD: Final = 30 * 86400.0
"""Seconds before a date at which `zdr check` begins to warn of it, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator's file: what it says, what comes of it, and where each part stands."""

    deployment: Deployment
    document: Document
    environ: Mapping[str, str]

    def where(self, *path: str | int) -> str:
        """`file:line` of the nearest part of `path` that is there."""
        return f"{self.document.file}:{self.document.line(path)}"

    def configuration(self, account: str) -> Configuration:
        """The configuration that an account uses."""
        deployment = self.deployment
        return deployment.registry.configurations[deployment.accounts[account].configuration]


@dataclass(frozen=True, slots=True)
class Subject:
    """A registry and, if there is one, the operator's file over it, at `now` (seconds since the epoch).

    `before` is what the registry said earlier, if the two are to be compared; `ahead` is how many seconds before
    a date to warn of it.
    """

    registry: Registry
    now: float
    operator: Operator | None = None
    before: Registry | None = None
    ahead: float = AHEAD

    @classmethod
    def of_registry(
        cls,
        paths: Iterable[Path | str] = (),
        *,
        now: float | None = None,
        before: Registry | None = None,
        ahead: float = AHEAD,
    ) -> Subject:
        """The provider files at `paths`, or the shipped registry. Raises `ConfigError`."""
        files = list(paths)
        registry = Registry.load(files) if files else Registry.shipped()
        return cls(registry, time.time() if now is None else now, before=before, ahead=ahead)

    @classmethod
    def of_operator(
        cls,
        path: Path | str,
        *,
        now: float | None = None,
        environ: Mapping[str, str] | None = None,
        ahead: float = AHEAD,
    ) -> Subject:
        """The operator's file at `path`. Raises `ConfigError`."""
        known = os.environ if environ is None else environ
        deployment = load(path, known)
        operator = Operator(deployment, read(Path(path)), known)
        return cls(deployment.registry, time.time() if now is None else now, operator, ahead=ahead)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """What is judged: everything in a registry, or what the operator's accounts use."""
        every = self.registry.configurations
        if self.operator is None:
            return tuple(every.values())
        used = {account.configuration for account in self.operator.deployment.accounts.values()}
        return tuple(each for name, each in every.items() if name in used)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that says something about what is judged, overlays and the operator's own included."""
        sources = (self.registry.sources[each.id] for each in self.configurations)
        named = [source.file for first in sources for source in _layers(first)]
        own = [] if self.operator is None else [self.operator.document.file]
        return tuple(dict.fromkeys([*own, *named]))

    def where(self, configuration: Configuration, fact: str) -> str:
        """`file:line` of a fact of a configuration, for instance `attestation.expires`."""
        return self.registry.sources[configuration.id].at(fact)


def _layers(source: Source | None) -> Iterator[Source]:
    while source is not None:
        yield source
        source = source.under
