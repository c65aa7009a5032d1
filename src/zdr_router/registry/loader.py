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

    `lines` maps dotted names to lines, "" to its first; `under` is what an overlay was laid over, and `leaves` the
    names of what such an overlay replaces as a whole.
    """

    file: str
    lines: Mapping[str, int]
    under: Source | None = None
    leaves: frozenset[str] = frozenset()

    def at(self, name: str) -> str:
        """`file:line` of the nearest declared part of `name`, for instance `flags.stores_prompts`."""
        near = name
        while near and near not in self.lines:
            near = near.rpartition(".")[0]
        if self.under is not None and (not near or (near != name and near not in self.leaves)):
            return self.under.at(name)
        return f"{self.file}:{self.lines.get(near, 0)}"


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
        for path in loading.files(paths):
            loading.provider_file(path)
        for path in loading.files(overlays):
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
    top = Path(__file__).resolve().parents[3]
    checkout = top / "providers" if (top / "src" / "zdr_router").is_dir() else installed
    for directory in (installed, checkout):
        if directory.is_dir():
            return directory
    raise ConfigError(Problem("the registry data is missing", file=str(installed), fix="install zdr-router again"))


def _inside(folder: Path) -> list[Path]:
    """The YAML files below `folder`. What is hidden is not declared: editors and volume mounts keep copies there."""
    found = (each for each in folder.rglob("*") if each.suffix in (".yaml", ".yml"))
    shown = (each for each in found if not any(part.startswith(".") for part in each.relative_to(folder).parts))
    return sorted(each for each in shown if not each.is_dir())


class _Loading:
    """The state of one load: what was declared so far, and every problem met on the way."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}
        self._raw: dict[str, object] = {}
        self._configurations: dict[str, Configuration] = {}
        self._sources: dict[str, Source] = {}
        self._unsafe: dict[str, str] = {}
        self._problems: list[Problem] = []
        self._declared_at: dict[str, str] = {}
        self._incomplete = False

    def files(self, paths: Iterable[Path | str]) -> list[Path]:
        """Every file that `paths` name, once, however often it is named."""
        found: dict[Path, Path] = {}
        for path in map(Path, paths):
            inside = _inside(path) if path.is_dir() else [path]
            if not inside:
                self._problems.append(Problem("holds no *.yaml file", file=str(path), fix="name another folder"))
            for each in inside:
                found.setdefault(each.resolve(), each)
        return list(found.values())

    def provider_file(self, path: Path) -> None:
        try:
            document = read(path)
            file = document.validate(ProviderFile)
        except ConfigError as error:
            self._problems += error.problems
            self._incomplete = True
            return
        self._declare_provider(document, file.provider)
        raws: Sequence[object] = document.value["configurations"]  # type: ignore[index]
        for index, configuration in enumerate(file.configurations):
            name, place = configuration.id, ("configurations", index)
            if name in self._configurations:
                what = f"configuration {name} is declared twice, here and at {self._sources[name].at('id')}"
                self._problems.append(document.problem((*place, "id"), what, "rename one, or change it by an overlay"))
                continue
            self._configurations[name] = configuration
            self._raw[name] = raws[index]
            self._sources[name] = Source(document.file, document.lines(place, _DEPTH))

    def _declare_provider(self, document: Document, provider: Provider) -> None:
        here = document.problem(("provider", "id"), "")
        if provider.id in self._providers:
            here.what = f"provider {provider.id} is declared twice, here and at {self._declared_at[provider.id]}"
            here.fix = "keep one file for each provider, and change what is shipped by an overlay"
            self._problems.append(here)
            return
        self._providers[provider.id] = provider
        self._declared_at[provider.id] = here.where

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
        name, place = str(change["id"]), ("configurations", index)
        if name not in self._configurations:
            # A provider file that could not be read may well declare it.
            if not self._incomplete:
                what = "the overlay changes a configuration that is not declared"
                fix = "name one that `zdr registry list` shows, or declare it in a provider file of your own"
                self._problems.append(document.problem((*place, "id"), what, fix))
            return
        merged = merge(self._raw[name], dict(change))
        if "attestation" in change and isinstance(merged, dict) and isinstance(merged.get("attestation"), dict):
            merged["attestation"] = {**merged["attestation"], "reviewed_by": file.overlay.reviewed_by}
        try:
            changed = document.validate_part(Configuration, merged, place)
        except ConfigError as error:
            self._problems += error.problems
            return
        weaker = loosened(self._configurations[name], changed)
        if weaker and not file.overlay.unsafe_loosen:
            fix = "only tighten, or state `unsafe_loosen: <reason>` under `overlay`, which marks every record"
            what = f"the overlay loosens {', '.join(weaker)} of {name}"
            self._problems.append(document.problem((*place, *weaker[0].split(".")), what, fix))
            return
        if weaker:
            reasons = (self._unsafe.get(name), f"{', '.join(weaker)}: {file.overlay.unsafe_loosen}")
            self._unsafe[name] = "; ".join(reason for reason in reasons if reason)
        self._configurations[name] = changed
        self._raw[name] = merged
        lines, leaves = document.lines(place, _DEPTH), document.leaves(place, _DEPTH)
        self._sources[name] = Source(document.file, lines, under=self._sources[name], leaves=leaves)

    def finish(self) -> Registry:
        if self._problems:
            raise ConfigError(self._problems)
        return Registry(
            providers=MappingProxyType(self._providers),
            configurations=MappingProxyType(self._configurations),
            sources=MappingProxyType(self._sources),
            unsafe=MappingProxyType(self._unsafe),
        )
