"""Trust in a file, for the processes of one machine: what is revoked by one of them is seen by all within a second.

Whoever reads looks at the file again when the last look is older than a quarter of a second. A file that is not there,
is not whole or lacks a change that was in it says nothing, and nothing is cleared until it does.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from zdr_router.atomic_file import locked, read_whole, replace
from zdr_router.errors import ConfigError, Problem
from zdr_router.state.trust_changes import Change, Unreadable, fold, read_change, read_json
from zdr_router.state.trust_view import TrustView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from zdr_router.policy.trust import Trust

LOOK_AFTER: Final = 0.25
"""Seconds; nobody is told of a revocation later than that."""

_SCHEMA: Final = 1
_LIMIT: Final = 4 * 1024 * 1024
_PATIENCE: Final = 2.0
_MADE_BY: Final = "zdr trust init -c zdr.yaml"
_REMADE_BY: Final = 'zdr trust init -c zdr.yaml --again --why "…"'


class FileTrust:
    """A `TrustStore` in a JSON file. `by` is who its changes are said to be made by."""

    def __init__(
        self,
        path: Path,
        *,
        by: str = "router",
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read yet."""
        self.path = path
        self._view = TrustView(str(path), by, clock)
        self._ticks = ticks
        self._looked = float("-inf")
        self._raw: bytes | None = None
        self._guard = threading.RLock()

    def read(self) -> Trust | None:
        """What is known now."""
        if self._ticks() - self._looked >= LOOK_AFTER:
            self._look()
        return self._view.trust

    def revoke(self, subject: str, why: str) -> None:
        """Take `subject` out of use. Raises `ConfigError` where that counts in this process only: it is not written."""
        self._view.tighten("revoke", subject, why)
        self._append(wait=_PATIENCE)

    def contradict(self, subject: str, why: str) -> None:
        """Note a contradiction: here at once, and in the file now or as soon as it can be written."""
        if not self._view.knows("contradict", subject):
            self._view.tighten("contradict", subject, why)
            self._write_waiting()

    def release(self, subject: str, why: str) -> None:
        """Take back what was said against `subject`. Raises `ConfigError` when that cannot be written."""
        self._append(self._view.make("release", subject, why), wait=_PATIENCE)

    async def __aenter__(self) -> Self:
        """Look at it. Raises `ConfigError` when it says nothing."""
        self.changes()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def changes(self) -> tuple[Change, ...]:
        """Every change that was ever made. Raises `ConfigError` when the file says nothing."""
        with self._guard:
            self._look()
            if self._view.trust is not None:
                return self._view.seen
        raise self._fault(self._view.fault or "")

    def init(self, why: str, *, again: bool) -> Path | None:
        """Make the file, or declare the one that is there to be right. Raises `ConfigError`.

        Gives the place of the old one where it could not be read; what it held is then no longer known.
        """
        change, aside = self._view.make("init", "", why), None
        try:
            with self._guard, locked(self.path, wait=_PATIENCE):
                before: tuple[Change, ...] = ()
                if self.path.exists():
                    if not again:
                        fix = f"if it was restored or lost changes, declare it to be right: {_REMADE_BY}"
                        raise ConfigError(Problem("there is a trust state already", file=str(self.path), fix=fix))
                    before, aside = self._before(change)
                last = before[-1].epoch if before else 0
                replace(self.path, _document((*before, change._replace(epoch=max(change.epoch, last + 1)))))
        except OSError as error:
            fault = self._fault(_said(error))
        else:
            return aside
        raise fault

    def _before(self, change: Change) -> tuple[tuple[Change, ...], Path | None]:
        try:
            return _read(read_whole(self.path, _LIMIT)), None
        except Unreadable:
            aside = self.path.with_name(f"{self.path.name}.unreadable-{change.epoch}")
            self.path.rename(aside)
            return (), aside

    def _look(self) -> None:
        with self._guard:
            self._looked = self._ticks()
            try:
                self._saw(read_whole(self.path, _LIMIT))
            except OSError as error:
                self._raw = None
                self._view.fail(_said(error))
            except Unreadable as error:
                self._view.fail(str(error))
            else:
                self._write_waiting()

    def _saw(self, raw: bytes) -> None:
        if raw != self._raw:
            self._raw = raw
            self._view.saw(_read(raw))

    def _write_waiting(self) -> None:
        """Without waiting for anybody: who asks is in the middle of a request."""
        if self._view.waiting:
            try:
                self._append(wait=0.0)
            except ConfigError:
                self._view.say_unwritten()

    def _append(self, *more: Change, wait: float) -> None:
        """Write what waits to be written, and `more`."""
        try:
            with self._guard, locked(self.path, wait=wait):
                self._raw = None
                self._saw(read_whole(self.path, _LIMIT))
                # After the reading: what waits may have been written by an earlier attempt that broke off.
                changes = self._view.followed_by(*self._view.waiting, *more)
                raw = _document(changes)
                _check_size(raw)
                replace(self.path, raw)
                self._saw(raw)
        except OSError as error:
            fault = self._fault(_said(error))
        except Unreadable as error:
            fault = self._fault(str(error))
        else:
            return
        raise fault

    def _fault(self, why: str) -> ConfigError:
        fix = _REMADE_BY if self.path.exists() else _MADE_BY
        return ConfigError(Problem(f"the trust state cannot be used: {why}", file=str(self.path), fix=fix))


def _said(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _read(raw: bytes) -> tuple[Change, ...]:
    """The changes of a document whose other members agree with them. Raises `Unreadable`."""
    _check_size(raw)
    document = read_json(raw)
    listed = document.get("changes") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise Unreadable("it is not written as trust states are")
    changes = tuple(map(read_change, listed))
    # As text, in which 1 and true are different things.
    if json.dumps(document, sort_keys=True) != json.dumps(_as_dict(changes), sort_keys=True):
        raise Unreadable("it does not say what its changes come to")
    return changes


def _check_size(raw: bytes) -> None:
    if len(raw) > _LIMIT:
        raise Unreadable("it is larger than 4 MiB")


def _document(changes: Sequence[Change]) -> bytes:
    return (json.dumps(_as_dict(changes), indent=2, ensure_ascii=False) + "\n").encode()


def _as_dict(changes: Sequence[Change]) -> dict[str, object]:
    """What stands in the file: what counts now, for people, and every change."""
    said = fold(changes)
    return {
        "schema": _SCHEMA,
        "epoch": changes[-1].epoch,
        "revoked": {subject: change.as_dict() for subject, change in sorted(said.revoked.items())},
        "contradicted": {subject: change.as_dict() for subject, change in sorted(said.contradicted.items())},
        "changes": [change.as_dict() for change in changes],
    }
