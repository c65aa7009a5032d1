"""How each target is doing, and for how long: the schedule of its moods, drawn from the seed alone."""

# ruff: noqa: S311 - a seed brings the same run again, which is what this is for

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

from simulated.fates import Fate, Kind, Voice, answer, faulty

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mood(NamedTuple):
    """A share of attempts that fail, by which faults, and how long it lasts on average (seconds)."""

    share: float
    faults: tuple[str, ...] = ()
    lasts: float = 60.0


class Spell(NamedTuple):
    """A mood from an instant on, until the next one."""

    since: float
    until: float
    mood: Mood


class Weather:
    """The moods of all targets. `moods` maps them to how often they come."""

    def __init__(self, seed: str, began: float, moods: Mapping[Mood, float]) -> None:
        self._seed = seed
        self._began = began
        self._moods = tuple(moods)
        self._weights = tuple(moods.values())
        self._spells: dict[str, tuple[Random, list[Spell]]] = {}

    def spell(self, target: str, at: float) -> Spell:
        """How the target is doing at an instant; instants never go back."""
        if target not in self._spells:
            self._spells[target] = Random(f"{self._seed}/{target}"), [Spell(self._began, self._began, self._moods[0])]
        random, spells = self._spells[target]
        while spells[-1].until <= at:
            mood = random.choices(self._moods, self._weights)[0]
            spells.append(Spell(spells[-1].until, spells[-1].until + random.expovariate(1 / mood.lasts), mood))
        return spells[-1]

    def fate(self, target: str, at: float, kind: Kind, voice: Voice, random: Random) -> Fate:
        """What becomes of an attempt that is begun now."""
        mood = self.spell(target, at).mood
        if mood.faults and random.random() < mood.share:
            return faulty(random.choice(mood.faults), kind, voice, random)
        return answer(kind, voice, random)

    def works_since(self, target: str, at: float) -> float:
        """Since when nothing has been wrong with the target; infinity where something is."""
        self.spell(target, at)
        since = float("inf")
        for spell in reversed(self._spells[target][1]):
            if spell.mood.share > 0.0:
                break
            since = spell.since
        return since
