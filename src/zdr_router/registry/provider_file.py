"""What one provider file declares, whether it was read as YAML or is known from a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.configuration import ProviderFile
from zdr_router.registry.source import Source
from zdr_router.registry.strict_yaml import read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zdr_router.registry.configuration import Configuration, Provider
    from zdr_router.registry.deferred import Later

LINES_DEPTH = 3
"""How many levels below a configuration have lines of their own."""


@dataclass(frozen=True, slots=True)
class DeclaredConfiguration:
    """A configuration, the plain value that it was read from, and its lines. `digest` is "" where nobody knows it."""

    name: str
    file: str
    line: int
    raw: object | Later[object]
    configuration: Configuration | Later[Configuration]
    source: Source | Later[Source]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredFile:
    """A provider, the line of its id, and its configurations. `digest`: of the provider, "" where nobody knows it."""

    file: str
    provider: Provider
    line: int
    configurations: Sequence[DeclaredConfiguration]
    digest: str = ""


def files_inside(folder: Path) -> list[Path]:
    """The YAML files below `folder`. What is hidden is not declared: editors and volume mounts keep copies there."""
    found = (each for each in folder.rglob("*") if each.suffix in (".yaml", ".yml"))
    shown = (each for each in found if not any(part.startswith(".") for part in each.relative_to(folder).parts))
    return sorted(each for each in shown if not each.is_dir())


def declared_in(path: Path) -> DeclaredFile:
    """Read the YAML of a provider file; any fault is a `ConfigError`."""
    document = read(path)
    if isinstance(document.value, dict) and "accounts" in document.value and "configurations" not in document.value:
        what = "this is an operator's file, and a provider file is wanted here"
        raise ConfigError(Problem(what, file=document.file, line=1, fix="give it by -c, as in zdr check -c zdr.yaml"))
    file = document.validate(ProviderFile)
    raws: Sequence[object] = document.value["configurations"]  # type: ignore[index]
    configurations = [
        DeclaredConfiguration(
            name=each.id,
            file=document.file,
            line=document.line(("configurations", index, "id")),
            raw=raws[index],
            configuration=each,
            source=Source(document.file, document.lines(("configurations", index), LINES_DEPTH)),
        )
        for index, each in enumerate(file.configurations)
    ]
    return DeclaredFile(document.file, file.provider, document.line(("provider", "id")), configurations)
