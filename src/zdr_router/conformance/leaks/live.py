"""Which live objects hold a canary, found without freeing anything."""

from __future__ import annotations

import array
import gc
import io
import sys
import threading
from itertools import chain, filterfalse
from operator import attrgetter
from types import AsyncGeneratorType, CodeType, CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from zdr_router.conformance.leaks.forms import Needles

_EMPTY: Final = frozenset({int, float, bool, type(None), CodeType})
"""Kinds that are passed over: they hold no content, and code, which is made of source, is most of what there is."""

_HOLDING: Final = (str, bytes, bytearray, memoryview, array.array, io.BytesIO, io.StringIO)
_CONTAINERS: Final = (dict, list, tuple, set, frozenset)
_OF_A_FUNCTION: Final = attrgetter("__defaults__", "__doc__")
"""What it refers to that the collector may not track, but for its code and its names."""

_TOGETHER: Final = 4096
"""How many strings are looked at together."""

_RUNNING: Final = {CoroutineType: "cr_running", GeneratorType: "gi_running", AsyncGeneratorType: "ag_running"}


class Held(NamedTuple):
    """A canary in a live object: the kind of the object, and the kinds of what holds it, the nearest first."""

    canary: str
    encoding: str
    kind: str
    holders: tuple[str, ...]


def live_objects(needles: Needles, *, ignoring: tuple[object, ...] = ()) -> list[Held]:
    """Every live string, buffer, array and in-memory file that holds a canary, found without freeing anything.

    Looked at is whatever the collector knows, what that refers to, and what names stand for in the frames of other
    threads. Left out are the canaries themselves, what `ignoring` holds in plain containers, and the frames that call
    this. It never runs the collector: whoever wants to know what stays without it switches it off before the call
    that is tested.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        ignored = _reached(ignoring)
        return list(_live(needles, ignored)) if _is_there(needles, ignored) else []
    finally:
        if enabled:
            gc.enable()


def _is_there(needles: Needles, ignored: set[int]) -> bool:
    """Whether any canary is there at all: most often none is, and that takes a third of the time of saying where.

    What the collector tracks is among its objects anyway, so only what it does not track has to be followed. Frozen
    objects are tracked and not among them: where there are any the answer is yes, as it is wherever it is in doubt.
    """
    if gc.get_freeze_count():
        return True
    own = {id(each) for each in (*needles.owned(), needles, vars(needles))} | ignored
    level = [each for each in gc.get_objects() if type(each) not in _RUNNING or not _is_running(each)]
    level += _names_of_other_threads()
    while level:
        level = [each for each in level if id(each) not in own]
        if any(needles.search(b"\n".join(_contents(level)))):
            return True
        own.update(map(id, level))
        level = _below(level)
    return False


def _contents(items: list[object]) -> Iterator[bytes | bytearray | memoryview]:
    """Of those that hold text or bytes by themselves."""
    yield "\n".join({each for each in items if type(each) is str}).encode("utf-8", "surrogatepass")
    kinds = {kind for kind in set(map(type, items)) if kind is not str and issubclass(kind, _HOLDING)}
    yield from (_bytes_of(each) or b"" for each in items if type(each) in kinds)


def _below(items: list[object]) -> list[object]:
    """What these refer to and the collector does not track, once each. Functions are half of what there is."""
    others = [each for each in items if type(each) is not FunctionType]
    functions = [each for each in items if type(each) is FunctionType]
    names = chain.from_iterable([list(each) for each in others if isinstance(each, dict)])
    found = chain(gc.get_referents(*others), names, chain.from_iterable(map(_OF_A_FUNCTION, functions)))
    unique = {id(each): each for each in filterfalse(gc.is_tracked, found)}
    return [each for each in unique.values() if type(each) not in _EMPTY]


def _live(needles: Needles, ignored: set[int]) -> Iterator[Held]:
    frames = _names_of_other_threads()
    roots = gc.get_objects()
    # What this search made itself, and the names of those that called it.
    seen = {id(each) for each in (*needles.owned(), needles, vars(needles), roots, frames, ignored)} | ignored
    texts: list[tuple[str, tuple[str, ...]]] = []
    seen.add(id(texts))
    pending: list[tuple[object, tuple[str, ...]]] = [(each, ()) for each in (*roots, *frames)]
    while pending:
        item, holders = pending.pop()
        kind = type(item)
        if id(item) in seen or (kind in _RUNNING and _is_running(item)):
            continue
        seen.add(id(item))
        if kind is str:
            texts.append((item, holders))  # type: ignore[arg-type] # its kind is what was asked for
            continue
        data = None if kind in _CONTAINERS else _bytes_of(item)
        if data is not None:
            for hit in needles.search(data):
                yield Held(hit.canary, hit.encoding, _kind(item), holders)
            continue
        above = (_kind(item), *holders[:2])
        below = gc.get_referents(item)
        if isinstance(item, dict):
            below += list(item)  # keys that are strings are not the collector's business
        pending += [(each, above) for each in below if type(each) not in _EMPTY and id(each) not in seen]
    yield from _in_texts(needles, texts)


def _in_texts(needles: Needles, texts: list[tuple[str, tuple[str, ...]]]) -> Iterator[Held]:
    """The same for strings, of which there are so many that they are looked at together first."""
    for first in range(0, len(texts), _TOGETHER):
        batch = texts[first : first + _TOGETHER]
        if not any(needles.search("\n".join([text for text, _ in batch]).encode("utf-8", "surrogatepass"))):
            continue
        for text, holders in batch:
            for hit in needles.search(text.encode("utf-8", "surrogatepass")):
                yield Held(hit.canary, hit.encoding, "str", holders)


def _reached(holders: tuple[object, ...]) -> set[int]:
    """What is within plain containers, by identity."""
    seen: set[int] = set()
    pending: list[object] = [holders]
    while pending:
        item = pending.pop()
        if id(item) not in seen:
            seen.add(id(item))
            if isinstance(item, _CONTAINERS):
                pending += gc.get_referents(item)
    return seen


def _names_of_other_threads() -> list[object]:
    """What names stand for in frames that run elsewhere, which the collector does not see."""
    found: list[object] = []
    running = sys._current_frames()  # noqa: SLF001 - documented, for debuggers
    del running[threading.get_ident()]  # a frame that has a name for itself would stay, and all that called it
    for newest in running.values():
        frame: FrameType | None = newest
        while frame is not None:
            found += frame.f_locals.values()
            frame = frame.f_back
    return found


def _is_running(item: object) -> bool:
    """Whether it is what a frame that runs belongs to: one of the callers, or of another thread and looked at there."""
    name = _RUNNING.get(type(item))
    return name is not None and bool(getattr(item, name))


def _kind(item: object) -> str:
    kind = type(item)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _bytes_of(item: object) -> bytes | bytearray | memoryview | None:
    """What can be searched of an object that holds text or bytes by itself, else None."""
    if isinstance(item, str):
        return item.encode("utf-8", "surrogatepass")
    if isinstance(item, (bytes, bytearray)):
        return item
    try:
        if isinstance(item, (memoryview, array.array)):
            return item.tobytes()
        if isinstance(item, io.BytesIO):
            return item.getvalue()
        return item.getvalue().encode("utf-8", "surrogatepass") if isinstance(item, io.StringIO) else None
    except ValueError:  # it was closed or released
        return b""
