"""Bars of blocks, one a line: how a number went, for a terminal or a mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def bars(values: Sequence[tuple[str, float]], width: int = 50) -> list[str]:
    """A line for each name and value, the longest bar `width` characters wide. Values are not negative."""
    most = max((value for _, value in values), default=0.0) or 1.0
    names = max((len(name) for name, _ in values), default=0)
    return [f"{name:<{names}}  {_bar(value / most * width)} {_short(value)}".rstrip() for name, value in values]


def _bar(length: float) -> str:
    whole, part = divmod(round(length * 8), 8)
    return _EIGHTHS[8] * whole + (_EIGHTHS[part] if part else "")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}"
