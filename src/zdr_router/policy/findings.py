"""The refusals found for one target, each with the file and line of the fact behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.metadata import Refusal

if TYPE_CHECKING:
    from zdr_router.policy.target import Target


class Findings:
    """The refusals found so far for one target, each with its place."""

    __slots__ = ("refusals", "target")

    def __init__(self, target: Target) -> None:
        """Start with none."""
        self.target = target
        self.refusals: list[Refusal] = []

    def add(self, rule: str, sentence: str, fix: str, *, fact: str | None = None) -> None:
        """Note a refusal; `fact` is the dotted name of the declared fact, None when the operator's file is at fault."""
        self.refusals.append(self.make(rule, sentence, fix, fact=fact))

    def make(self, rule: str, sentence: str, fix: str, *, fact: str | None = None) -> Refusal:
        """A refusal of this target."""
        where = self.target.account_source if fact is None else self.target.source.at(fact)
        return Refusal(rule, self.target.id, self.target.configuration.id, sentence, fix, where)
