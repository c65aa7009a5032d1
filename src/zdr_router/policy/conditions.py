"""Conditions of a configuration, compiled once into closures over a JSON body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zdr_router.registry.conditions import Conditions, Forbid, Proof

    Body = Mapping[str, object]
    Values = Callable[[Body], Iterator[object]]

ABSENT: Final = object()
"""What stands where a body says nothing; unlike None, which is JSON's null."""


@dataclass(frozen=True, slots=True)
class Forced:
    """A place in the body and the value that the router puts there."""

    path: tuple[str, ...]
    value: object

    @property
    def name(self) -> str:
        """The dotted path."""
        return ".".join(self.path)

    def apply(self, body: dict[str, object]) -> None:
        """Set the value in `body`; objects on the way are copied, never changed."""
        place = body
        for step in self.path[:-1]:
            inner = place.get(step)
            place[step] = fresh = dict(inner) if isinstance(inner, dict) else {}
            place = fresh
        place[self.path[-1]] = self.value

    def holds(self, body: Body) -> bool:
        """Whether `body` carries the value."""
        place: object = body
        for step in self.path:
            if not isinstance(place, dict):
                return False
            place = place.get(step, ABSENT)
        return same(place, self.value)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must not be true of a body as it leaves. `says` completes "the request …".

    It looks at the member `root` alone, and cannot fail where that is absent.
    """

    root: str
    fails: Callable[[Body], bool]
    says: str
    fix: str
    declared: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that an answer must show; `holds` takes its headers (lower case) and its body.

    `in_head`: its headers alone tell.
    """

    holds: Callable[[Mapping[str, str], Body], bool]
    says: str
    in_head: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """The conditions of one configuration, ready to be asked.

    `preflight` is what has to be shown before content leaves, by the path of the request that asks for it.
    """

    force: tuple[Forced, ...]
    checks: tuple[Check, ...]
    permit: frozenset[str]
    response: tuple[Expectation, ...]
    preflight: Mapping[str, tuple[Expectation, ...]]

    def look_at(self, names: frozenset[str]) -> bool:
        """Whether what these members of a body say, and not only that they are there, decides anything."""
        return any(check.root in names for check in self.checks)


def compile_conditions(conditions: Conditions) -> Compiled:
    """Turn what is declared into closures."""
    forbid = [_forbid(forbid, index) for index, forbid in enumerate(conditions.forbid)]
    allow = [_allow(path, values) for path, values in conditions.allow.items()]
    return Compiled(
        force=tuple(Forced(tuple(force.set.split(".")), force.to) for force in conditions.force),
        checks=(*forbid, *allow),
        permit=frozenset(conditions.permit),
        response=tuple(_expect(proof) for proof in conditions.response),
        preflight=_preflight(conditions.response),
    )


def same(left: object, right: object) -> bool:
    """Equality of JSON values: true is not 1, in lists and objects neither."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def root_of(path: str) -> str:
    """The member of a body in which `path` begins."""
    return path.partition(".")[0].removesuffix("[]")


def values_at(path: str) -> Values:
    """A function that yields every non-null value at `path`."""
    steps = [(step.removesuffix("[]"), step.endswith("[]")) for step in path.split(".")]
    if len(steps) == 1 and not steps[0][1]:
        return _member(steps[0][0])

    def walk(place: object, depth: int) -> Iterator[object]:
        name, many = steps[depth]
        value = place.get(name) if isinstance(place, dict) else None
        if value is None:
            return
        for item in value if many and isinstance(value, list) else (value,):
            if depth + 1 == len(steps):
                yield item
            else:
                yield from walk(item, depth + 1)

    return lambda body: walk(body, 0)


def _member(name: str) -> Values:
    def member(body: Body) -> Iterator[object]:
        value = body.get(name)
        return iter(()) if value is None else iter((value,))

    return member


def _forbid(forbid: Forbid, index: int) -> Check:
    values, root = values_at(forbid.path), root_of(forbid.path)
    reason = f" ({forbid.why})" if forbid.why else ""
    declared = f"conditions.forbid.{index}"
    if forbid.matches is not None:
        search = re.compile(forbid.matches).search
        return Check(
            root,
            lambda body: any(not isinstance(value, str) or search(value) is not None for value in values(body)),
            f"has a {forbid.path} that voids zero retention here{reason}",
            f"use another {forbid.path}",
            declared,
        )
    if "equals" in forbid.model_fields_set:
        wrong = forbid.equals
        return Check(
            root,
            lambda body: any(same(value, wrong) for value in values(body)),
            f"sets {forbid.path} to a value that voids zero retention here{reason}",
            f"leave {forbid.path} out or set it otherwise",
            declared,
        )
    return Check(
        root,
        lambda body: any(True for _ in values(body)),
        f"uses {forbid.path}, which voids zero retention here{reason}",
        f"leave {forbid.path} out",
        declared,
    )


def _allow(path: str, accepted: list[object] | list[bool | int | float | str | None]) -> Check:
    values = values_at(path)
    allowed = tuple(accepted)
    shown = ", ".join(str(value) for value in allowed)
    return Check(
        root_of(path),
        lambda body: any(not any(same(value, each) for each in allowed) for value in values(body)),
        f"has a {path} that is not attested here",
        f"use one of: {shown}",
        f"conditions.allow.{path}",
    )


def _preflight(proofs: list[Proof]) -> Mapping[str, tuple[Expectation, ...]]:
    paths: dict[str, tuple[Expectation, ...]] = {}
    for proof in proofs:
        if proof.preflight is not None:
            path = proof.preflight.get
            paths[path] = (*paths.get(path, ()), _expect(proof))
    return MappingProxyType(paths)


def _expect(proof: Proof) -> Expectation:
    if proof.header is not None:
        name, wanted = proof.header.lower(), proof.equals
        return Expectation(lambda headers, _body: headers.get(name) == wanted, f"the header {name}", in_head=True)
    path = proof.body or ""
    values, accepted = values_at(path), frozenset(proof.one_of)

    def holds(_headers: Mapping[str, str], body: Body) -> bool:
        found = list(values(body))
        return bool(found) and all(isinstance(value, str) and value in accepted for value in found)

    return Expectation(holds, f"the member {path}")
