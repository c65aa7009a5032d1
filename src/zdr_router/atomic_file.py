"""How a small file is shared by processes: read whole, replaced whole, and changed by one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_AGAIN: Final = 0.01


class Busy(OSError):
    """Somebody else is changing the file."""


def read_whole(path: Path, limit: int) -> bytes:
    """At most `limit` bytes and one more, by which a file that is too long shows. Raises `OSError`."""
    with path.open("rb") as file:
        return file.read(limit + 1)


@contextlib.contextmanager
def locked(path: Path, *, wait: float) -> Iterator[None]:
    """Keep others from changing `path` meanwhile; wait for them at most `wait` seconds. Raises `OSError`.

    The lock is on a file of its own beside it, since the file itself is replaced. A process that dies lets go of it.
    """
    place = Path(os.path.realpath(path))
    handle = os.open(place.parent / f".{place.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    until = time.monotonic() + wait
    try:
        while not _took(handle):
            if time.monotonic() >= until:
                raise Busy("another process is changing it")
            time.sleep(_AGAIN)
        yield
    finally:
        os.close(handle)


def _took(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of the file: whoever reads, and whatever breaks off, there is one whole file.

    A link stays a link. Owner and permissions stay, as far as this process may set them. Raises `OSError`.
    """
    place = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".new", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _like(file.fileno(), place)
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    remember(place.parent)


def _like(handle: int, place: Path) -> None:
    try:
        status = place.stat()
    except FileNotFoundError:
        os.fchmod(handle, 0o644)
        return
    os.fchmod(handle, status.st_mode & 0o777)
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):
            os.fchown(handle, status.st_uid, status.st_gid)


def remember(folder: Path) -> None:
    """That the name now means the new file has to survive a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
