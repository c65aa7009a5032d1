"""The value of a condition cannot stand at its path.

`equals` with a value of another type, or with a word that the parameter does not have, forbids nothing; `matches` on
what is no text forbids the parameter altogether, which says something else than it reads; a value of `allow` that
cannot be sent allows nothing; and a list that is compared as a whole (`modalities` for `modalities[]`) equals no single
value. A value that is forced and that the parameter does not take makes every request wrong. Error.

Correct the value; to forbid the parameter altogether, give its `path` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.places import bodies, can_be, can_match, holds_text, reach
from zdr_router.registry.vocabulary.shapes import Items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration
    from zdr_router.registry.conditions import Forbid
    from zdr_router.registry.vocabulary.shapes import Shape

ID = "ZDR941"


class ValueNeverThere:
    """Every value of a condition can be met at its path."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each value that no covered request can have."""
        for configuration in subject.configurations:
            for fact, sentence, fix in _faults(configuration):
                yield Finding(ID, "error", configuration.id, sentence, fix, subject.where(configuration, fact))


def _faults(configuration: Configuration) -> Iterator[tuple[str, str, str]]:
    """The dotted name of each faulty fact, with a sentence and a fix. Paths that lead nowhere are another rule's."""
    starts = bodies(configuration).values()
    conditions = configuration.conditions
    for index, forbid in enumerate(conditions.forbid):
        shapes = reach(starts, forbid.path).shapes
        fault = _forbidden(forbid, shapes) if shapes else None
        if fault is not None:
            yield f"conditions.forbid.{index}", *fault
    for path, values in conditions.allow.items():
        shapes = reach(starts, path).shapes
        if shapes and any(isinstance(shape, Items) for shape in shapes):
            yield f"conditions.allow.{path}", f"{path} is a list, which equals no single value", f"write {path}[]"
        elif shapes:
            wrong = [value for value in values if value is not None and not _possible(shapes, value)]
            if wrong:
                sentence = f"{path} is never {', '.join(map(_shown, wrong))}, so that is allowed in vain"
                yield f"conditions.allow.{path}", sentence, "correct the value, or leave it out"
    for index, force in enumerate(conditions.force):
        shapes = reach(starts, force.set).shapes
        if shapes and not _possible(shapes, force.to):
            sentence = f"{force.set} does not take {_shown(force.to)}"
            yield f"conditions.force.{index}", sentence, "force a value that the parameter takes"


def _forbidden(forbid: Forbid, shapes: Iterable[Shape]) -> tuple[str, str] | None:
    path = forbid.path
    tested = forbid.matches is not None or "equals" in forbid.model_fields_set
    if tested and any(isinstance(shape, Items) for shape in shapes):
        return f"{path} is a list, which is compared as a whole", f"write {path}[]"
    if forbid.matches is not None:
        if not any(map(holds_text, shapes)):
            return f"{path} is never text, so `matches` forbids it altogether", "give the path alone, or `equals`"
        pattern = forbid.matches
        if not any(can_match(shape, pattern) for shape in shapes):
            return f"no word that {path} can be is matched", "correct the pattern, or leave the condition out"
    elif tested and not _possible(shapes, forbid.equals):
        return f"{path} is never {_shown(forbid.equals)}", "correct the value, or leave the condition out"
    return None


def _possible(shapes: Iterable[Shape], value: object) -> bool:
    return any(can_be(shape, value) for shape in shapes)


def _shown(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


RULE = ValueNeverThere()
