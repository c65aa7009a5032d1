"""What the rules look at: a registry, or an operator's file with the part of the registry that its accounts use."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zdr_router.config import Deployment, load
from zdr_router.registry import Registry
from zdr_router.registry.strict_yaml import Document, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zdr_router.registry import Configuration

AHEAD = 30 * 86400.0
"""Seconds before a date at which `zdr check` begins to warn of it."""


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
    """A registry and, if there is one, the operator's file over it, at `now` (seconds since the epoch)."""

    registry: Registry
    now: float
    operator: Operator | None = None

    @classmethod
    def of_registry(cls, paths: Iterable[Path | str] = (), *, now: float | None = None) -> Subject:
        """The provider files at `paths`, or the shipped registry. Raises `ConfigError`."""
        files = list(paths)
        registry = Registry.load(files) if files else Registry.shipped()
        return cls(registry, time.time() if now is None else now)

    @classmethod
    def of_operator(
        cls, path: Path | str, *, now: float | None = None, environ: Mapping[str, str] | None = None
    ) -> Subject:
        """The operator's file at `path`. Raises `ConfigError`."""
        known = os.environ if environ is None else environ
        deployment = load(path, known)
        operator = Operator(deployment, read(Path(path)), known)
        return cls(deployment.registry, time.time() if now is None else now, operator)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """What is judged: everything in a registry, or what the operator's accounts use."""
        every = self.registry.configurations
        if self.operator is None:
            return tuple(every.values())
        used = {account.configuration for account in self.operator.deployment.accounts.values()}
        return tuple(each for name, each in every.items() if name in used)

    def where(self, configuration: Configuration, fact: str) -> str:
        """`file:line` of a fact of a configuration, for instance `attestation.expires`."""
        return self.registry.sources[configuration.id].at(fact)
