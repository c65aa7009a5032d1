"""Errors, wherever they surface, and what they show: text, arguments, notes, causes, and the names of every frame."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.detectors.base import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zdr_router.conformance.leaks.detectors.base import Search

    Listener = Callable[[str, BaseException], None]


class Errors:
    """Passes each error to those that listen, with where it surfaced."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._listeners: list[Listener] = []

    @contextlib.contextmanager
    def heard(self, listener: Listener) -> Iterator[None]:
        """Tell `listener` until the block is left."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def tell(self, where: str, error: BaseException | None) -> None:
        """Tell all of an error."""
        if error is not None:
            for listener in self._listeners:
                listener(where, error)


class Exceptions:
    """Reads all of an error that anybody could print."""

    name: Final = "exceptions"

    def __init__(self, errors: Errors) -> None:
        """`errors` is where they come from."""
        self._errors = errors

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """Also errors that nobody catches: of threads, and of finalisers."""
        kept = Kept()

        def hear(where: str, error: BaseException) -> None:
            for shown in rendered(error):
                kept.add(f"{type(error).__name__} {where}", shown)

        with self._errors.heard(hear), _hooks(self._errors):
            yield kept.search


@contextlib.contextmanager
def _hooks(errors: Errors) -> Iterator[None]:
    unraisable, threads = sys.unraisablehook, threading.excepthook

    def raised_nowhere(told: sys.UnraisableHookArgs) -> None:
        errors.tell("in a finaliser", told.exc_value)
        unraisable(told)

    def raised_in_thread(told: threading.ExceptHookArgs) -> None:
        errors.tell("in a thread", told.exc_value)
        threads(told)

    sys.unraisablehook, threading.excepthook = raised_nowhere, raised_in_thread
    try:
        yield
    finally:
        sys.unraisablehook, threading.excepthook = unraisable, threads


def rendered(error: BaseException) -> Iterator[str]:
    """The error and every one that it drags along, as text; one for each, and one for each name of a frame."""
    for each in _behind(error):
        for part in (each, each.args, vars(each), getattr(each, "__notes__", ())):
            yield f"{shown(part)}\n{shown(part, str)}"
        trace = each.__traceback__
        while trace is not None:
            for value in trace.tb_frame.f_locals.values():
                yield shown(value)
            trace = trace.tb_next


def shown(value: object, how: Callable[[object], str] = repr) -> str:
    """A value as text; one that cannot be shown shows nothing."""
    try:
        return how(value)
    except Exception:  # noqa: BLE001 - anybody's __repr__
        return ""


def _behind(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
