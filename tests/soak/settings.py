"""What a soak is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CANARY: Final = "canary41d7"
"""Stands in every prompt, answer and error; nowhere else may it be found."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How long, how much at once, and what chance starts from. `growth` is the share by which memory may grow."""

    seconds: float = 1800.0
    seed: int = 1
    in_flight: int = 32
    upstreams: int = 3
    growth: float = 0.02
