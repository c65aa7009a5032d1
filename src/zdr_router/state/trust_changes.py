"""The changes of a trust state that outlives processes: how one is written, and what all of them together say.

Changes are only ever appended, so a state that lacks a change which this process has seen is an older one, or another
one, and says nothing. `init` begins a state; made again later, it declares the state to be right as it then stands. Its
epoch is the millisecond in which it is made, beyond every epoch before: nobody makes a thousand changes a second.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast, get_args

from zdr_router.policy.trust import Trust, check_subject, check_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Kind = Literal["init", "revoke", "contradict", "release", "lost"]
_KINDS: Final = frozenset(get_args(Kind))
_OF_THE_STATE: Final = frozenset({"init", "lost"})
_AT_MOST: Final = 2**53


class Unreadable(Exception):
    """A trust state says nothing; the text says why, and nothing of what was read."""


class Change(NamedTuple):
    """One change. `at` is in seconds since the epoch, by the clock of whoever made it."""

    epoch: int
    at: float
    kind: Kind
    subject: str
    why: str
    by: str

    def as_dict(self) -> dict[str, object]:
        """As it is written; `subject` is left out where the change is one of the whole state."""
        about = {"subject": self.subject} if self.subject else {}
        return {
            "epoch": self.epoch,
            "at": written(self.at),
            "change": self.kind,
            **about,
            "why": self.why,
            "by": self.by,
        }


class Said(NamedTuple):
    """What changes together say: the one that counts, for each subject."""

    revoked: dict[str, Change]
    contradicted: dict[str, Change]


def written(at: float) -> str:
    """An instant as it stands in a state: UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def made(  # noqa: PLR0913 - the members of a change, but for its epoch
    kind: Kind, subject: str, *, why: str, by: str, at: float, after: Sequence[Change]
) -> Change:
    """The change that comes after those. Raises `ValueError` where its words are none that are kept."""
    _check(kind, subject, why, by)
    last = after[-1].epoch if after else 0
    epoch = max(last + 1, int(at * 1000)) if kind == "init" else last + 1
    return Change(epoch, round(at, 3), kind, subject, why, by)


def read_json(raw: bytes) -> object:
    """JSON without doubled keys and without numbers that are none. Raises `Unreadable`."""
    try:
        return json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        pass
    raise Unreadable("it is not JSON")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key is there twice"
        raise ValueError(message)
    return found


def _no_number(name: str) -> object:
    raise ValueError(name)


def read_change(value: object) -> Change:
    """One change as it was written. Raises `Unreadable`."""
    members: dict[str, object] = value if isinstance(value, dict) else {}
    epoch, at, kind = members.get("epoch"), _instant(members.get("at")), str(members.get("change"))
    names = ("why", "by") if kind in _OF_THE_STATE else ("why", "by", "subject")
    words = {name: text for name in names if isinstance(text := members.get(name), str)}
    whole = set(members) == {"epoch", "at", "change", *names} and len(words) == len(names) and kind in _KINDS
    if whole and at is not None and type(epoch) is int and 0 < epoch < _AT_MOST:
        change = Change(epoch, at, cast("Kind", kind), words.get("subject", ""), words["why"], words["by"])
        if _well_said(change):
            return change
    raise Unreadable("a change in it is not written as changes are")


def _well_said(change: Change) -> bool:
    try:
        _check(change.kind, change.subject, change.why, change.by)
    except ValueError:
        return False
    return True


def _check(kind: Kind, subject: str, why: str, by: str) -> None:
    if kind not in _OF_THE_STATE:
        check_subject(subject)
    check_words(why, "why")
    check_words(by, "by")


def _instant(text: object) -> float | None:
    if not isinstance(text, str) or not text.endswith("Z"):
        return None
    try:
        at = dt.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if written(at) == text else None


def in_order(changes: Iterable[Change]) -> None:
    """Raise `Unreadable` unless the changes begin with `init` and follow one another."""
    last = 0
    for change in changes:
        if change.epoch <= last or (last == 0 and change.kind != "init"):
            raise Unreadable("its changes do not follow one another")
        last = change.epoch


def fold(changes: Sequence[Change]) -> Said:
    """What the changes together say. Raises `Unreadable` where they are no whole state."""
    said = Said({}, {})
    in_order(changes)
    lost = False
    for change in changes:
        if change.kind == "revoke":
            said.revoked[change.subject] = change
        elif change.kind == "contradict":
            said.contradicted.setdefault(change.subject, change)
        elif change.kind == "release":
            said.revoked.pop(change.subject, None)
            said.contradicted.pop(change.subject, None)
        else:
            lost = change.kind == "lost"
    if lost or not changes:
        raise Unreadable("changes were lost" if changes else "it was never made")
    return said


def follows(changes: Sequence[Change], seen: Sequence[Change]) -> bool:
    """Whether nothing that was seen is missing, or somebody has declared since that this is the right state."""
    if not seen or tuple(changes[: len(seen)]) == tuple(seen):
        return True
    return any(change.kind == "init" and change.epoch > seen[-1].epoch for change in changes)


def trust_from(changes: Sequence[Change], more: Iterable[Change], epoch: int) -> Trust:
    """The reading that they give, with what only this process knows yet. Raises `Unreadable`."""
    said = fold(changes)
    revoked = {subject: change.why for subject, change in said.revoked.items()}
    contradicted = {subject: change.why for subject, change in said.contradicted.items()}
    for change in more:
        (revoked if change.kind == "revoke" else contradicted).setdefault(change.subject, change.why)
    return Trust(epoch=epoch, changed=changes[-1].at, revoked=revoked, contradicted=contradicted)
