"""When the files that a deployment was read from have changed, and what is said of it when they cannot be read.

They are looked at again and again rather than asking the system for news: that works on every file system, and sees
the links through which mounted volumes are exchanged.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from stat import S_ISDIR
from typing import TYPE_CHECKING, Final

from zdr_router.entries import ConfigFile
from zdr_router.errors import ConfigError
from zdr_router.registry.provider_file import files_inside
from zdr_router.registry.strict_yaml import read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from zdr_router.policy.secrets import SecretSource

    Stamp = tuple[int, int, int, int] | None
    """What tells a file from what it was before; None where there is none."""

log = logging.getLogger("zdr_router")

_FOLDER: Final = (0, 0, 0, 0)

POLL: Final = 1.0
"""Seconds between two looks. What has changed is read once a look finds it as the one before did."""


class Watch:
    """The operator's file and every file that it names: provider files, overlays, secrets, certificates.

    What is shipped with the library is not among them.
    """

    def __init__(self, path: Path) -> None:
        """What is there now is what is known; make it before the files are read."""
        self._path = path
        self._named: tuple[Path, ...] = ()
        self._named_by: Stamp = None
        self._known = self._before = self._look()

    def note(self) -> None:
        """What is there now is about to be read."""
        self._known = self._before = self._look()

    def changed(self) -> bool:
        """Look: whether there is something new, which has not changed since the last look. It is known from then on."""
        now = self._look()
        quiet, self._before = now == self._before, now
        if not quiet or now == self._known:
            return False
        self._known = now
        return True

    def _look(self) -> Mapping[Path, Stamp]:
        stamps = {self._path: _stamp(self._path)}
        if stamps[self._path] != self._named_by:
            self._named_by = stamps[self._path]
            with suppress(ConfigError):  # where it cannot be read, those that it named before are looked at further
                self._named = tuple(_named(read(self._path).validate(ConfigFile), self._path.parent))
        for path in self._named:
            inside = files_inside(path) if path.is_dir() else []
            stamps.update((each, _stamp(each)) for each in (path, *inside))
        return stamps


def _named(file: ConfigFile, base: Path) -> Iterator[Path]:
    for name in (*file.registry.providers, *file.registry.overlays):
        yield base / name
    if file.transport.ca_file is not None:
        yield base / file.transport.ca_file
    for secret in _secrets(file):
        if secret.file is not None:
            yield base / secret.file


def _secrets(file: ConfigFile) -> Iterator[SecretSource]:
    for account in file.accounts.values():
        if account.api_key is not None:
            yield account.api_key
        if account.credentials is not None:
            yield from account.credentials.sources
    for place in (file.state.trust, file.state.health):
        if place is not None and place.redis is not None and place.redis.password is not None:
            yield place.redis.password


def _stamp(path: Path) -> Stamp:
    """Links are followed, so that one which leads elsewhere is a change."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if S_ISDIR(found.st_mode):  # its date is that of any file in it, also of one that nobody reads
        return _FOLDER
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


async def follow_files(watch: Watch, reload: Callable[[], Awaitable[None]]) -> None:
    """For as long as it runs: reload what has changed. What cannot be read is said once, and tried when it changes."""
    while True:
        await asyncio.sleep(POLL)
        try:
            if await asyncio.to_thread(watch.changed):
                await reload()
        except ConfigError as error:
            problems = " | ".join(map(str, error.problems))
            log.error("not reloaded, what was in force stays in force why=%s", problems)  # noqa: TRY400 - a traceback has locals
        except Exception as error:  # noqa: BLE001 - the watching must not end without anybody noticing
            log.error("not reloaded, what was in force stays in force why=%s", type(error).__name__)  # noqa: TRY400 - as above
