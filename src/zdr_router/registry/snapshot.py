"""When a registry need not be read from its YAML: when a snapshot of exactly these files lies next to them.

A snapshot is JSON: what every file declares, as plain values, with lines and digests. It is trusted only if its key is
the SHA-256 over this package's code and the names and bytes of the files that are there now, and if the SHA-256 that
it starts with is that of the rest of it. Anything else is ignored, and the YAML is read.

That finds damage and age, not malice: whoever can write the snapshot can write the YAML next to it as well. Nor does
it replace validation: what is declared goes through the same models as YAML does, when it is first asked for.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
from pydantic import ValidationError

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.configuration import Configuration, Provider
from zdr_router.registry.deferred import Later, made
from zdr_router.registry.digest import digest_of
from zdr_router.registry.provider_file import DeclaredConfiguration, DeclaredFile, declared_in, files_inside
from zdr_router.registry.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

log = logging.getLogger("zdr_router")

NAME: Final = "registry.snapshot.json"
"""The file, next to what it is a snapshot of."""

_HEAD: Final = b'{"sha256":"'
_REST: Final = len(_HEAD) + hashlib.sha256().digest_size * 2

Plain: TypeAlias = dict[str, Any]


class _UntrustedError(Exception):
    """Why a snapshot is not used; never leaves this module."""


def build(folder: Path) -> bytes:
    """A snapshot of the provider files in `folder`. Raises `ConfigError` if one is faulty."""
    files = files_inside(folder)
    content = {
        "key": _key(folder, files),
        "files": {_name(folder, path): _file(path) for path in files},
    }
    rest = b'",' + orjson.dumps(content)[1:]
    return _HEAD + hashlib.sha256(rest).hexdigest().encode() + rest


def load(folder: Path, files: Iterable[Path]) -> Mapping[Path, DeclaredFile]:
    """What each of `files`, which are all that `folder` holds, declares; nothing if there is no snapshot to trust."""
    path = folder / NAME
    try:
        return _trusted(path, folder, list(files))
    except FileNotFoundError:
        return {}
    except _UntrustedError as why:
        log.debug("snapshot is not used, and the YAML is read instead path=%s why=%s", path, why)
    except OSError as why:
        log.debug("snapshot is not used, and the YAML is read instead path=%s why=%s", path, why.strerror)
    return {}


def _trusted(path: Path, folder: Path, files: list[Path]) -> Mapping[Path, DeclaredFile]:
    data = path.read_bytes()
    rest = data[_REST:]
    if data[:_REST] != _HEAD + hashlib.sha256(rest).hexdigest().encode():
        raise _UntrustedError("it is damaged")
    try:
        content: Plain = orjson.loads(data)
        if content["key"] == _key(folder, files):
            return {each: _kept(path, each, content["files"][_name(folder, each)]) for each in files}
    except (LookupError, TypeError, ValueError):
        raise _UntrustedError("it is of an unknown format") from None
    raise _UntrustedError("it was made from other files, or by another release")


def _key(folder: Path, files: Iterable[Path]) -> str:
    """What a snapshot is made for: these files, and the models and the format of this code."""
    code = Path(__file__).parent
    key = hashlib.sha256()
    for root, paths in ((code, sorted(code.glob("*.py"))), (folder, files)):
        for path in paths:
            name, data = os.fsencode(_name(root, path)), path.read_bytes()
            key.update(b"%d %d\n" % (len(name), len(data)))
            key.update(name)
            key.update(data)
        key.update(b"\n")
    return key.hexdigest()


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _file(path: Path) -> Plain:
    declared = declared_in(path)
    return {
        "provider": declared.provider.model_dump(mode="json", exclude_unset=True),
        "line": declared.line,
        "digest": digest_of(declared.provider),
        "configurations": [_configuration(each) for each in declared.configurations],
    }


def _configuration(declared: DeclaredConfiguration) -> Plain:
    """Values and lines as texts of their own: parsing what nobody asks for would be most of the work."""
    return {
        "id": declared.name,
        "line": declared.line,
        "digest": digest_of(made(declared.configuration)),
        "declared": orjson.dumps(made(declared.raw)).decode(),
        "lines": orjson.dumps(made(declared.source).lines).decode(),
    }


def _kept(snapshot: Path, path: Path, kept: Plain) -> DeclaredFile:
    return DeclaredFile(
        file=str(path),
        provider=Provider.model_validate(kept["provider"]),
        line=kept["line"],
        configurations=[_later(snapshot, path, each) for each in kept["configurations"]],
        digest=kept["digest"],
    )


def _later(snapshot: Path, path: Path, kept: Plain) -> DeclaredConfiguration:
    declared, lines = kept["declared"], kept["lines"]

    def raw() -> object:
        value: object = orjson.loads(declared)
        return value

    def configuration() -> Configuration:
        try:
            return Configuration.model_validate(raw())
        except (orjson.JSONDecodeError, ValidationError):
            fix = "remove the file: then the YAML next to it is read"
            problem = Problem("holds a configuration that is none", file=str(snapshot), fix=fix)
        raise ConfigError(problem)

    return DeclaredConfiguration(
        name=kept["id"],
        file=str(path),
        line=kept["line"],
        raw=Later(raw),
        configuration=Later(configuration),
        source=Later(lambda: Source(str(path), orjson.loads(lines))),
        digest=kept["digest"],
    )
