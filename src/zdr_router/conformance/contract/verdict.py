"""What comes of one check. A check that could not look is skipped, with its reason, and never counts as passed."""

from __future__ import annotations

from typing import Literal, NamedTuple

Status = Literal["passed", "failed", "skipped"]


class Verdict(NamedTuple):
    """`sentence` is what was seen, what is wrong, or why nobody looked; it holds nothing of prompt or answer."""

    status: Status
    sentence: str


def passed(seen: str) -> Verdict:
    """It held."""
    return Verdict("passed", seen)


def failed(wrong: str) -> Verdict:
    """It did not hold."""
    return Verdict("failed", wrong)


def skipped(reason: str) -> Verdict:
    """Nobody looked."""
    return Verdict("skipped", reason)


def judged(faults: list[str], seen: str) -> Verdict:
    """Failed if there are any faults, with the first few of them."""
    if not faults:
        return passed(seen)
    more = f"; and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    return failed("; ".join(faults[:_TOLD]) + more)


_TOLD = 3
