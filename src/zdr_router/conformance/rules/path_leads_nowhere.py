"""The path of a condition leads nowhere.

No request that is covered has such a member, so a `forbid` forbids nothing and an `allow` allows nothing: a typing
error, a list that is not opened (`tools.type` for `tools[].type`), or a member of some other endpoint. Paths are looked
up in the bodies of the endpoints that the configuration covers and that the router reads; a dialect other than openai
has members of its own, which are not looked up. Error.

Correct the path. What the vocabulary does not know is refused anyway and needs no `forbid`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.places import bodies, reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration

ID = "ZDR940"


class PathLeadsNowhere:
    """Every path of a condition is a place in a request."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each path that no covered request has."""
        for configuration in subject.configurations:
            starts = bodies(configuration).values()
            for fact, path in _paths(configuration) if starts else ():
                found = reach(starts, path)
                if found.shapes:
                    continue
                if found.closed:
                    sentence = f"{found.closed} is a list, so {path} matches nothing"
                    fix = f"write {found.closed}[]{path.removeprefix(found.closed)}"
                else:
                    sentence = f"no request that is covered has {found.lost}, so {path} matches nothing"
                    fix = "correct the path, or leave the condition out"
                yield Finding(ID, "error", configuration.id, sentence, fix, subject.where(configuration, fact))


def _paths(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Every path that is looked for in requests, after the dotted name of where it is declared."""
    for index, forbid in enumerate(configuration.conditions.forbid):
        yield f"conditions.forbid.{index}", forbid.path
    for path in configuration.conditions.allow:
        yield f"conditions.allow.{path}", path


RULE = PathLeadsNowhere()
