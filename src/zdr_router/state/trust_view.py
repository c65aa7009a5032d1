"""What one process makes of a trust state that others change too: the last good reading, and what it has to add.

What tightens counts here at once, written or not. What loosens counts once it is written.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from zdr_router.state.trust_changes import Change, Unreadable, follows, made, trust_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zdr_router.policy.trust import Trust
    from zdr_router.state.trust_changes import Kind

log = logging.getLogger("zdr_router")


class TrustView:
    """The changes that were seen, those that wait to be written, and the reading that follows of both.

    `where` names the state in the log; `by` is who makes the changes of this process.
    """

    def __init__(self, where: str, by: str, clock: Callable[[], float]) -> None:
        """Nothing was seen yet, so there is no reading."""
        self.seen: tuple[Change, ...] = ()
        self.waiting: tuple[Change, ...] = ()
        self.trust: Trust | None = None
        self._where, self._by, self._clock = where, by, clock
        self._epoch = 0
        self._read: tuple[object, ...] = ()
        self.fault: str | None = None
        self._unwritten = False

    def saw(self, changes: Sequence[Change]) -> None:
        """Take what was read. Raises `Unreadable` when it lacks what was seen before, and then there is no reading."""
        try:
            self._take(tuple(changes))
        except Unreadable as error:
            self.fail(str(error))
            raise
        if self.fault is not None:
            log.warning("trust state is readable again state=%s", self._where)
        self.fault = None

    def fail(self, why: str, *, unreadable: bool = True) -> None:
        """Say once that it cannot be read, or only that nobody answers; unreadable, it says nothing from now on."""
        if self.fault != why:
            log.error("trust state cannot be read state=%s why=%s", self._where, why)
        self.fault = why
        if unreadable:
            self.trust = None

    def say_unwritten(self) -> None:
        """Say once that what counts here cannot be told to others for the moment."""
        if not self._unwritten:
            log.error("a contradiction or revocation counts in this process only, for now state=%s", self._where)
        self._unwritten = True

    def tighten(self, kind: Kind, subject: str, why: str) -> Change:
        """Let a revocation or contradiction count here, and wait to be written."""
        change = self.make(kind, subject, why)
        self.wait(change)
        return change

    def make(self, kind: Kind, subject: str, why: str) -> Change:
        """A change that is still to be written, and counts nowhere yet. Raises `ValueError`."""
        return made(kind, subject, why=why, by=self._by, at=self._clock(), after=self.seen)

    def wait(self, change: Change) -> None:
        """Keep `change` until it was written."""
        self.waiting = (*self.waiting, change)
        if self.trust is not None:
            self._take(self.seen)

    def followed_by(self, *changes: Change) -> tuple[Change, ...]:
        """What was seen and then `changes`, numbered as they then come."""
        last = self.seen[-1].epoch if self.seen else 0
        return (*self.seen, *(each._replace(epoch=last + number) for number, each in enumerate(changes, 1)))

    def knows(self, kind: Kind, subject: str) -> bool:
        """Whether a contradiction or revocation is already part of the reading."""
        trust = self.trust
        if trust is None:
            return any((each.kind, each.subject) == (kind, subject) for each in self.waiting)
        return subject in (trust.revoked if kind == "revoke" else trust.contradicted)

    def _take(self, changes: tuple[Change, ...]) -> None:
        if not follows(changes, self.seen):
            raise Unreadable("it lacks a change that was there")
        self.waiting = tuple(each for each in self.waiting if not _written(each, changes))
        self._unwritten = self._unwritten and bool(self.waiting)
        tightening = [each for each in self.waiting if each.kind != "release"]
        if self.trust is None or (changes, tightening) != self._read:
            epoch = max(self._epoch + 1, changes[-1].epoch if changes else 0)
            self.trust = trust_from(changes, tightening, epoch)
            self._epoch, self._read = epoch, (changes, tightening)
        self.seen = changes


def _written(change: Change, changes: Sequence[Change]) -> bool:
    """Whether a change of this process is among those; its epoch may have become another one."""
    return any(each[1:] == change[1:] for each in reversed(changes))
