"""How long one attempt may take of the time that its request has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zdr_router.routing.settings import Patience

SHARE: Final = 2 / 3
"""Of the time that is left, what an attempt may take while another target could still be asked.

A target that hangs must leave time to ask another; a slow one must not be given up early.
"""

LEAST: Final = 1.0
"""Seconds below which what would be left for another target is not worth keeping."""


def limit(patience: Patience, at: float, deadline: float, *, others: bool, stream: bool) -> float:
    """The instant at which an attempt that starts at `at` is given up: with its answer, or its first content.

    `others`: whether another target is left that the request could go to.
    """
    given = _given(patience, stream=stream)
    if given is not None:
        return min(deadline, at + given)
    share = (deadline - at) * SHARE
    return at + share if others and deadline - at - share >= LEAST else deadline


def fair(patience: Patience, seconds: float, timeout: float, *, stream: bool) -> bool:
    """Whether an attempt that ran out of time had enough of it to say something about its target.

    It had if it ran for as long as the operator gives an attempt, or else for a third of what the route gives a
    request: what a caller's haste or an earlier target's slowness left is not held against the one that got it.
    """
    given = _given(patience, stream=stream)
    return seconds >= (timeout / 3 if given is None else given)


def _given(patience: Patience, *, stream: bool) -> float | None:
    return patience.first_chunk if stream else patience.attempt
