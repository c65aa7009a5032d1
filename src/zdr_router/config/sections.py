"""Sections of the operator's file as settings: secrets read, paths resolved. All of them raise `ConfigError`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.credentials.reading import read_secret
from zdr_router.errors import ConfigError
from zdr_router.records.receipts.settings import ReceiptSettings
from zdr_router.registry import Registry, shipped_directory
from zdr_router.state.settings import RedisSettings, StateSettings
from zdr_router.transport.settings import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zdr_router.entries import (
        ReceiptsEntry,
        RedisEntry,
        RegistrySources,
        StateEntry,
        TransportEntry,
    )
    from zdr_router.policy.secrets import SecretSource
    from zdr_router.registry.strict_yaml import Document
    from zdr_router.sealed import Sealed

_SALT_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Where:
    """Where a section stands: the file, the environment, and the folder that paths are relative to."""

    document: Document
    environ: Mapping[str, str]
    base: Path

    def line(self, *path: str) -> str:
        """`file:line` of what stands at `path`."""
        return f"{self.document.file}:{self.document.line(path)}"

    def error(self, path: tuple[str, ...], what: str, fix: str) -> ConfigError:
        """The error to raise about what stands at `path`."""
        return ConfigError(self.document.problem(path, what, fix))

    def secret(self, source: SecretSource, path: tuple[str, ...], what: str) -> Sealed[str]:
        """Read a secret. Raises `ConfigError` that `what` is not there."""
        found = read_secret(source, self.environ, self.base)
        if found is None:
            raise self.error(path, f"{what} is not there", source.provide)
        return found


def transport(entry: TransportEntry, where: Where) -> TransportSettings:
    """How connections are made."""
    ca_file = None if entry.ca_file is None else str(where.base / entry.ca_file)
    return TransportSettings(ca_file=ca_file, proxy=entry.proxy)


def state(entry: StateEntry, where: Where) -> StateSettings:
    """Where revocations and health are kept."""
    trust: Path | RedisSettings | None = None
    if entry.trust is not None and entry.trust.redis is not None:
        trust = redis(entry.trust.redis, where, "state", "trust")
    elif entry.trust is not None and entry.trust.file is not None:
        trust = where.base / entry.trust.file
    health = None if entry.health is None else redis(entry.health.redis, where, "state", "health")
    return StateSettings(trust, health, where.line("state"))


def redis(given: RedisEntry, where: Where, *path: str) -> RedisSettings:
    """A Redis server that is declared at `path`."""
    place = (*path, "redis", "url")
    password = None if given.password is None else where.secret(given.password, place, "the password of Redis")
    ca_file = None if given.ca_file is None else str(where.base / given.ca_file)
    return RedisSettings(given.url, given.username, password, ca_file, given.prefix, where.line(*place))


def salt(given: SecretSource | None, where: Where) -> Sealed[str] | None:
    """What hashes are keyed with."""
    if given is None:
        return None
    read = where.secret(given, ("salt",), "the salt")
    if len(read.open()) < _SALT_LENGTH:
        what = f"the salt has {len(read.open())} characters, and needs {_SALT_LENGTH}"
        raise where.error(("salt",), what, "make one at random: openssl rand -hex 32")
    return read


def receipts(entry: ReceiptsEntry, where: Where) -> ReceiptSettings:
    """Where and how receipts are sealed."""
    place = ("receipts", "key")
    key = where.secret(entry.key, place, "the key that seals receipts")
    return ReceiptSettings(where.base / entry.directory, key, entry.seal_every, entry.seal_at, where.line(*place))


def registry(sources: RegistrySources, where: Where) -> Registry:
    """The registry that was shipped, and the operator's own files."""
    shipped = [shipped_directory()] if sources.shipped else []
    own = [where.base / path for path in sources.providers]
    return Registry.load([*shipped, *own], overlays=[where.base / path for path in sources.overlays])
