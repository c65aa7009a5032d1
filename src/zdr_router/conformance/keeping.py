"""Whether a configuration, as it is declared, keeps nothing: every flag of every party is no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.registry.ladders import FLAGS

if TYPE_CHECKING:
    from zdr_router.registry import Configuration


def keeps_nothing(configuration: Configuration) -> bool:
    """Rules about what could be cleared leave the others alone: those are declared to be refused."""
    parties = [configuration.flags, *(leg.flags for leg in configuration.legs)]
    return all(getattr(flags, name) == "no" for flags in parties for name in FLAGS)
