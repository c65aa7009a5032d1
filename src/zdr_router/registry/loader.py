"""From files to a `Registry`: shipped provider files, the operator's own, and overlays over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.configuration import Configuration, Provider, ProviderFile
from zdr_router.registry.digest import digest_all, digest_of
from zdr_router.registry.overlay import OverlayFile, loosened, merge
from zdr_router.registry.strict_yaml import Document, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Where a configuration is declared, fact by fact.

    `lines` maps dotted names to lines, "" to its first; `under` is what an overlay was laid over.
    """

    file: str
    lines: Mapping[str, int]
    under: Source | None = None

    def at(self, name: str) -> str:
        """`file:line` of the nearest declared part of `name`, for instance `flags.stores_prompts`."""
        if self.under is not None and (not name or name not in self.lines):
            return self.under.at(name)
        while name and name not in self.lines:
            name = name.rpartition(".")[0]
        return f"{self.file}:{self.lines.get(name, 0)}"


@dataclass(frozen=True)
class Registry:
    """Everything that is declared, by configuration id. Immutable.

    `unsafe` lists, for each configuration that an overlay loosened, which facts and why.
    """

    providers: Mapping[str, Provider]
    configurations: Mapping[str, Configuration]
    sources: Mapping[str, Source]
    unsafe: Mapping[str, str]

    @classmethod
    def shipped(cls) -> Registry:
        """The registry that comes with the library."""
        return cls.load([shipped_directory()])

    @classmethod
    def load(cls, paths: Iterable[Path | str], overlays: Iterable[Path | str] = ()) -> Registry:
        """Read provider files (folders are searched for `*.yaml`), then lay `overlays` over them.

        Raises `ConfigError` with every problem of every file.
        """
        loading = _Loading()
        for path in _files(paths):
            loading.provider_file(path)
        for path in _files(overlays):
            loading.overlay_file(path)
        return loading.finish()

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The canonical digest of every configuration."""
        return MappingProxyType({name: digest_of(each) for name, each in self.configurations.items()})

    @cached_property
    def digest(self) -> str:
        """The canonical digest of the registry: of all providers and configurations."""
        providers = {f"provider:{name}": digest_of(each) for name, each in self.providers.items()}
        return digest_all({**providers, **self.digests})


def shipped_directory() -> Path:
    """Where the registry data is: inside an installed package, or at the top of a checkout."""
    installed = Path(str(resources.files("zdr_router"))) / "_providers"
    checkout = Path(__file__).resolve().parents[3] / "providers"
    for directory in (installed, checkout):
        if directory.is_dir():
            return directory
    raise ConfigError(Problem("the registry data is missing", file=str(installed), fix="install zdr-router again"))


def _files(paths: Iterable[Path | str]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml"))
            if not inside:
                raise ConfigError(Problem("holds no *.yaml file", file=str(path), fix="name another folder"))
            found += inside
        else:
            found.append(path)
    return found


class _Loading:
    """The state of one load: what was declared so far, and every problem met on the way."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}
        self._raw: dict[str, object] = {}
        self._configurations: dict[str, Configuration] = {}
        self._sources: dict[str, Source] = {}
        self._unsafe: dict[str, str] = {}
        self._problems: list[Problem] = []

    def provider_file(self, path: Path) -> None:
        try:
            document = read(path)
            file = document.validate(ProviderFile)
        except ConfigError as error:
            self._problems += error.problems
            return
        if file.provider.id in self._providers:
            what = f"provider {file.provider.id} is declared twice"
            self._problems.append(document.problem(("provider", "id"), what, "keep one file for each provider"))
        self._providers[file.provider.id] = file.provider
        raws: Sequence[object] = document.value["configurations"]  # type: ignore[index]
        for index, configuration in enumerate(file.configurations):
            name = configuration.id
            if name in self._configurations:
                what = f"configuration {name} is declared twice"
                self._problems.append(document.problem(("configurations", index, "id"), what, "rename one"))
            self._configurations[name] = configuration
            self._raw[name] = raws[index]
            self._sources[name] = Source(document.file, document.lines(("configurations", index), _DEPTH))

    def overlay_file(self, path: Path) -> None:
        try:
            document = read(path)
            file = document.validate(OverlayFile)
        except ConfigError as error:
            self._problems += error.problems
            return
        for index, change in enumerate(file.configurations):
            self._change(document, file, index, change)

    def _change(self, document: Document, file: OverlayFile, index: int, change: Mapping[str, object]) -> None:
        name = change.get("id")
        here = ("configurations", index, "id")
        if not isinstance(name, str) or name not in self._configurations:
            fix = "name one that `zdr registry list` shows, or declare it in a provider file of your own"
            self._problems.append(
                document.problem(here, "the overlay changes a configuration that is not declared", fix)
            )
            return
        base = self._configurations[name]
        merged = merge(self._raw[name], dict(change))
        if "attestation" in change and isinstance(merged, dict) and isinstance(merged.get("attestation"), dict):
            merged["attestation"] = {**merged["attestation"], "reviewed_by": file.overlay.reviewed_by}
        try:
            changed = document.validate_part(Configuration, merged, ("configurations", index))
        except ConfigError as error:
            self._problems += error.problems
            return
        weaker = loosened(base, changed)
        if weaker and not file.overlay.unsafe_loosen:
            what = f"the overlay loosens {', '.join(weaker)} of {name}"
            fix = "only tighten, or state `unsafe_loosen: <reason>` under `overlay`, which marks every record"
            self._problems.append(document.problem(here, what, fix))
            return
        if weaker:
            self._unsafe[name] = f"{', '.join(weaker)}: {file.overlay.unsafe_loosen}"
        self._configurations[name] = changed
        self._raw[name] = merged
        lines = document.lines(("configurations", index), _DEPTH)
        self._sources[name] = Source(document.file, lines, under=self._sources[name])

    def finish(self) -> Registry:
        if self._problems:
            raise ConfigError(self._problems)
        return Registry(
            providers=MappingProxyType(self._providers),
            configurations=MappingProxyType(self._configurations),
            sources=MappingProxyType(self._sources),
            unsafe=MappingProxyType(self._unsafe),
        )
