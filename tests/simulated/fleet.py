"""What the workers of a fleet share: the trust state, as it is in truth, and as each of them may know it.

It is kept by the real `FileTrust`, in a real file that each worker reaches by a link of its own, or by the real
`RedisTrust`, over a server that is simulated. Both can be cut. `Truth` keeps the whole history, of which no worker
knows, and says what a worker must have known at an instant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from simulated.declared import STALENESS
from simulated.remote import Link, Server, remote_trust
from zdr_router.state.trust_file import LOOK_AFTER, FileTrust
from zdr_router.state.trust_redis import ASK_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from zdr_router.policy.trust import Trust
    from zdr_router.state.trust_redis import RedisTrust

SEEN_WITHIN = 1.0
"""Seconds after which every worker has seen a change that it could see."""


HANGS_FOR = 1.0
"""Seconds that a look at a server which is gone may hang, and so what it takes to notice that it is back."""


@dataclass(frozen=True, slots=True)
class _Revision:
    at: float
    revoked: frozenset[str]
    contradicted: frozenset[str]


class Truth:
    """The shared trust state with its history. `now` is the loop's clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._history = [_Revision(now(), frozenset(), frozenset())]

    @property
    def latest(self) -> _Revision:
        return self._history[-1]

    def revoke(self, subject: str) -> None:
        self._add(self.latest.revoked | {subject}, self.latest.contradicted)

    def contradict(self, subject: str) -> None:
        self._add(self.latest.revoked, self.latest.contradicted | {subject})

    def release(self, subject: str) -> None:
        self._add(self.latest.revoked - {subject}, self.latest.contradicted - {subject})

    def against(self, since: float) -> tuple[frozenset[str], frozenset[str]]:
        """What was revoked, and what contradicted, all the time from `since` until now."""
        revoked, contradicted = self.latest.revoked, self.latest.contradicted
        for revision in reversed(self._history):
            revoked, contradicted = revoked & revision.revoked, contradicted & revision.contradicted
            if revision.at <= since or not (revoked or contradicted):
                break
        return revoked, contradicted

    def ever_against(self, since: float) -> frozenset[str]:
        """What was revoked or contradicted at any time from `since` until now."""
        found: frozenset[str] = frozenset()
        for revision in reversed(self._history):
            found |= revision.revoked | revision.contradicted
            if revision.at <= since:
                break
        return found

    def _add(self, revoked: frozenset[str], contradicted: frozenset[str]) -> None:
        self._history.append(_Revision(self._now(), revoked, contradicted))


@dataclass(slots=True)
class Contact:
    """When a worker could read the shared state: until `lost_at`, or without a break from `since` on.

    Without it, it may go on for `grace` seconds. `own` is what it found to be contradicted itself, and when; `untold`
    what of this the others cannot know yet.
    """

    grace: float
    since: float | None = None
    lost_at: float | None = None
    own: dict[str, float] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)

    def lost(self, now: float) -> None:
        if self.since is not None:
            self.since, self.lost_at = None, now


class SharedFile:
    """A file in `folder`, the operator who changes it, and what can happen to it."""

    def __init__(self, folder: Path, truth: Truth, now: Callable[[], float], wall: Callable[[], float]) -> None:
        self.truth = truth
        self._folder = folder
        self._file = folder / "trust.json"
        self._now = now
        self._wall = wall
        self._operator = FileTrust(self._file, by="operator", clock=wall, ticks=now)
        self._operator.init("the simulation begins", again=False)
        self._older = self._file.read_bytes()
        self._whole: bytes | None = None

    @property
    def lost(self) -> bool:
        """Whether the file is not the one that was written last."""
        return self._whole is not None

    def join(self, worker: str) -> WatchedTrust:
        """What a worker reads trust through, from now on."""
        link = self._folder / worker.replace(" ", "-")
        trust = FileTrust(link, by=worker, clock=self._wall, ticks=self._now)

        def connect(*, connected: bool) -> None:
            link.unlink(missing_ok=True)
            if connected:
                link.symlink_to(self._file)

        connect(connected=True)
        return WatchedTrust(trust, Contact(LOOK_AFTER, self._now()), self.truth, self._now, connect)

    def change(self, kind: Literal["revoke", "release"], subject: str) -> None:
        """The operator revokes, or takes back what was said."""
        if not self.lost:
            getattr(self._operator, kind)(subject, "said so")
            getattr(self.truth, kind)(subject)

    def lose(self, random: Random) -> None:
        """Something else is in the place of the file."""
        self._whole = self._file.read_bytes()
        spoiled = {"garbage": b"{", "cut short": self._whole[:-20], "empty": b""}
        if self._older != self._whole:
            spoiled["an older one"] = self._older
        self._file.write_bytes(spoiled[random.choice(sorted(spoiled))])

    def find(self) -> None:
        """The file is back."""
        if self._whole is not None:
            self._file.write_bytes(self._whole)
            self._older, self._whole = self._whole, None


class SharedServer:
    """A list in a Redis server, which may be gone for a while."""

    def __init__(self, random: Random, truth: Truth, now: Callable[[], float], wall: Callable[[], float]) -> None:
        self.truth = truth
        self.lost = False
        self._random = random
        self._now = now
        self._wall = wall
        self._server = Server(wall)

    def join(self, worker: str) -> WatchedTrust:
        """What a worker reads trust through, from now on."""
        link = Link(self._server, self._random)
        link.cut = self.lost
        trust = remote_trust(link, worker, self._wall, self._now)

        def connect(*, connected: bool) -> None:
            link.cut = not connected

        contact = Contact(STALENESS + ASK_EVERY, None if self.lost else self._now())
        return WatchedTrust(trust, contact, self.truth, self._now, connect)

    def change(self, kind: Literal["revoke", "release"], subject: str) -> None:
        """The operator revokes, or takes back what was said."""
        self._server.change(kind, subject)
        getattr(self.truth, kind)(subject)

    def lose(self, _random: Random) -> None:
        """Nobody answers."""
        self.lost = True

    def find(self) -> None:
        """It answers again."""
        self.lost = False


class WatchedTrust:
    """The real trust state of a worker, and when it could be read. `connect` joins it to what is shared, or cuts it."""

    def __init__(
        self,
        trust: FileTrust | RedisTrust,
        contact: Contact,
        truth: Truth,
        now: Callable[[], float],
        connect: Callable[..., None],
    ) -> None:
        self.contact = contact
        self._trust = trust
        self._truth = truth
        self._now = now
        self._connect = connect

    async def open(self) -> None:
        await self._trust.__aenter__()

    async def close(self) -> None:
        await self._trust.__aexit__(None, None, None)

    def read(self) -> Trust | None:
        known = self._trust.read()
        if self.contact.untold:
            self._tell()
        return known

    def contradict(self, subject: str, why: str) -> None:
        self.contact.own.setdefault(subject, self._now())
        self.contact.untold.add(subject)
        self._trust.contradict(subject, why)
        self._tell()

    def part(self) -> None:
        """From now on the worker reaches nothing that is shared."""
        self.contact.lost(self._now())
        self._connect(connected=False)

    def rejoin(self, *, readable: bool) -> None:
        """From now on it does again, and may find it `readable`."""
        self._connect(connected=True)
        if readable and self.contact.since is None:
            self.contact.since = self._now()

    def _tell(self) -> None:
        """What is no longer waiting to be written is known to all."""
        waiting = {change.subject for change in self._trust._view.waiting}
        for subject in sorted(self.contact.untold - waiting):
            self._truth.contradict(subject)
            self.contact.untold.discard(subject)


def must_know(truth: Truth, contact: Contact, now: float) -> tuple[frozenset[str], frozenset[str]] | None:
    """What a worker has to hold against targets now; None where it has to hold against all that it knows nothing."""
    if contact.since is None and (contact.lost_at is None or now - contact.lost_at > contact.grace):
        return None
    # Who has just got back may not have looked yet.
    joined = contact.since is not None and now - contact.since >= SEEN_WITHIN + HANGS_FOR
    revoked, contradicted = truth.against((now if joined or contact.lost_at is None else contact.lost_at) - SEEN_WITHIN)
    still = {name for name, at in contact.own.items() if name in contact.untold or name in truth.against(at)[1]}
    return revoked, contradicted | still
