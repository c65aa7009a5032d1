"""Replaces a file as a whole or not at all, with its owner and permissions kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from zdr_router.cli.exits import Fault, unreadable, unwritable


def read_text(path: Path) -> str:
    """The file as it stands, line ends and all. Raises `ConfigError`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        fault: Exception = unreadable(path, error)
    except UnicodeDecodeError:
        fault = Fault("the file is not UTF-8", where=str(path), fix="save it as UTF-8")
    raise fault


def replace(path: Path, old: str | None, new: str, check: Callable[[Path], object]) -> None:
    """Put `new` in the place of `old` (None: there is no file yet), once `check` has passed on the new file.

    `check` is given a file in the same folder, so that relative paths in it hold. A link stays a link. Raises
    `ConfigError` or what `check` raises, and the file is then as it was.
    """
    place = Path(os.path.realpath(path))
    temporary: Path | None = None
    try:
        if old is not None and not os.access(place, os.W_OK):
            raise PermissionError(13, "Permission denied")
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".new.yaml", dir=place.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            before = place.read_bytes() if old is not None else b""
            file.write((b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b"") + new.encode())
            file.flush()
            _like(file.fileno(), place)
            os.fsync(file.fileno())
        check(temporary)
        if (place.read_bytes() if place.exists() else None) != (before if old is not None else None):
            raise Fault("the file was changed by somebody else meanwhile", where=str(path), fix="run the command again")
        temporary.replace(place)
    except OSError as error:
        fault = unwritable(path, error)
    else:
        return
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    raise fault


def _like(handle: int, place: Path) -> None:
    """Owner and permissions of what is there; of a new file, what this process would give it."""
    if place.exists():
        status = place.stat()
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(handle, status.st_uid, status.st_gid)
        os.fchmod(handle, status.st_mode & 0o7777)
        return
    mask = os.umask(0)
    os.umask(mask)
    os.fchmod(handle, 0o666 & ~mask)
