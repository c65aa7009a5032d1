"""From files to a `Registry`: shipped provider files, the operator's own, and overlays over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry import snapshot
from zdr_router.registry.configuration import Configuration, Provider
from zdr_router.registry.deferred import Deferred
from zdr_router.registry.digest import digest_all, digest_of
from zdr_router.registry.overlay import OverlayFile, loosened, merge
from zdr_router.registry.provider_file import (
    LINES_DEPTH,
    DeclaredConfiguration,
    DeclaredFile,
    declared_in,
    files_inside,
)
from zdr_router.registry.source import Source
from zdr_router.registry.strict_yaml import Document, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True)
class Registry:
    """Everything that is declared, by configuration id. Immutable.

    `unsafe` lists, for each configuration that an overlay loosened, which facts and why. `known` are digests that
    need not be computed again, of configurations by their id, of providers after `provider:`.
    """

    providers: Mapping[str, Provider]
    configurations: Mapping[str, Configuration]
    sources: Mapping[str, Source]
    unsafe: Mapping[str, str]
    known: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def shipped(cls) -> Registry:
        """The registry that comes with the library."""
        return cls.load([shipped_directory()])

    @classmethod
    def load(cls, paths: Iterable[Path | str], overlays: Iterable[Path | str] = ()) -> Registry:
        """Read provider files (folders are searched for `*.yaml`), then lay `overlays` over them.

        Only for the folder inside the installed package, its snapshot is used if it can be trusted.
        Raises `ConfigError` with every problem of every file.
        """
        return _load(paths, overlays, snapshots=[_installed_directory()])

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The canonical digest of every configuration."""
        known, configurations = self.known, self.configurations
        return MappingProxyType({name: known.get(name) or digest_of(configurations[name]) for name in configurations})

    @cached_property
    def digest(self) -> str:
        """The canonical digest of the registry: of all providers and configurations."""
        return digest_all(self.listed)

    @cached_property
    def listed(self) -> Mapping[str, str]:
        """What its digest is made over: the digest of each configuration, and after `provider:` of each provider."""
        named = {f"provider:{name}": each for name, each in self.providers.items()}
        providers = {name: self.known.get(name) or digest_of(each) for name, each in named.items()}
        return {**providers, **self.digests}


def shipped_directory() -> Path:
    """Where the registry data is: inside an installed package, or at the top of a checkout."""
    installed = _installed_directory()
    top = Path(__file__).resolve().parents[3]
    checkout = top / "providers" if (top / "src" / "zdr_router").is_dir() else installed
    for directory in (installed, checkout):
        if directory.is_dir():
            return directory
    raise ConfigError(Problem("the registry data is missing", file=str(installed), fix="install zdr-router again"))


def _installed_directory() -> Path:
    return Path(str(resources.files("zdr_router"))) / "_providers"


def load_with_snapshot(folder: Path) -> Registry:
    """The registry in `folder`, from the snapshot there if it can be trusted."""
    return _load([folder], (), snapshots=[folder])


def _load(paths: Iterable[Path | str], overlays: Iterable[Path | str], *, snapshots: Collection[Path]) -> Registry:
    loading = _Loading(snapshots)
    for path in loading.files(paths):
        loading.provider_file(path)
    for path in loading.files(overlays):
        loading.overlay_file(path)
    return loading.finish()


class _Loading:
    """The state of one load: what was declared so far, and every problem met on the way."""

    def __init__(self, snapshots: Collection[Path]) -> None:
        self._snapshots = snapshots
        self._kept: dict[Path, DeclaredFile] = {}
        self._providers: dict[str, Provider] = {}
        self._raw: Deferred[object] = Deferred()
        self._configurations: Deferred[Configuration] = Deferred()
        self._sources: Deferred[Source] = Deferred()
        self._known: dict[str, str] = {}
        self._unsafe: dict[str, str] = {}
        self._problems: list[Problem] = []
        self._declared_at: dict[str, str] = {}
        self._incomplete = False

    def files(self, paths: Iterable[Path | str]) -> list[Path]:
        """Every file that `paths` name, once, however often it is named."""
        found: dict[Path, Path] = {}
        for path in map(Path, paths):
            inside = files_inside(path) if path.is_dir() else [path]
            if not inside:
                self._problems.append(
                    Problem("the folder holds no *.yaml file", file=str(path), fix="name another folder")
                )
            if path in self._snapshots:
                self._kept.update(snapshot.load(path, inside))
            for each in inside:
                found.setdefault(each.resolve(), each)
        return list(found.values())

    def provider_file(self, path: Path) -> None:
        try:
            declared = self._kept.get(path) or declared_in(path)
        except ConfigError as error:
            self._problems += error.problems
            self._incomplete = True
            return
        self._declare_provider(declared)
        for each in declared.configurations:
            self._declare(each)

    def _declare_provider(self, declared: DeclaredFile) -> None:
        provider, here = declared.provider, Problem("", file=declared.file, line=declared.line)
        if provider.id in self._providers:
            here.what = f"provider {provider.id} is declared twice, here and at {self._declared_at[provider.id]}"
            here.fix = "keep one file for each provider, and change what is shipped by an overlay"
            self._problems.append(here)
            return
        self._providers[provider.id] = provider
        self._declared_at[provider.id] = here.where
        if declared.digest:
            self._known[f"provider:{provider.id}"] = declared.digest

    def _declare(self, declared: DeclaredConfiguration) -> None:
        name = declared.name
        if name in self._configurations:
            what = f"configuration {name} is declared twice, here and at {self._sources[name].at('id')}"
            fix = "rename one, or change it by an overlay"
            self._problems.append(Problem(what, file=declared.file, line=declared.line, fix=fix))
            return
        self._configurations[name] = declared.configuration
        self._raw[name] = declared.raw
        self._sources[name] = declared.source
        if declared.digest:
            self._known[name] = declared.digest

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
        self._known.pop(name, None)
        lines, leaves = document.lines(place, LINES_DEPTH), document.leaves(place, LINES_DEPTH)
        self._sources[name] = Source(document.file, lines, under=self._sources[name], leaves=leaves)

    def finish(self) -> Registry:
        if self._problems:
            raise ConfigError(self._problems)
        return Registry(
            providers=MappingProxyType(self._providers),
            configurations=MappingProxyType(self._configurations),
            sources=MappingProxyType(self._sources),
            unsafe=MappingProxyType(self._unsafe),
            known=MappingProxyType(self._known),
        )
