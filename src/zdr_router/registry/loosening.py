"""Whether a changed configuration states any fact more weakly than before.

Every field has a rule; a field without one must stay as it is, so that a field added later cannot be loosened by
having been forgotten here. Values are compared as JSON, where `false` is not 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from packaging.specifiers import SpecifierSet
from pydantic import BaseModel, TypeAdapter

from zdr_router.registry.configuration import Configuration
from zdr_router.registry.ladders import FLAGS, GRADES, MEDIA

if TYPE_CHECKING:
    from zdr_router.registry.conditions import Proof
    from zdr_router.registry.facts import ExceptionClause, Leg, Model

Rule = Callable[[str, Any, Any], Iterable[str]]
"""From the dotted name of a fact, and what it was and is, to the names of those that got weaker."""

_WEAKNESS: Final = {"no": 0, "unknown": 1, "yes": 2}
_FARNESS: Final = {"hosted": 0, "proxied": 1, "unknown": 2}
_JSON: Final[TypeAdapter[object]] = TypeAdapter(object)


def loosened(base: Configuration, changed: Configuration) -> list[str]:
    """Dotted names of the facts that `changed` states more weakly than `base`, or that cannot be compared."""
    return [name for name, rule in _each(Configuration, _RULES) for name in rule(*_pair(name, base, changed))]


def _each(model: type[BaseModel], rules: dict[str, Rule]) -> Iterable[tuple[str, Rule]]:
    return ((name, rules.get(name, _same)) for name in model.model_fields)


def _pair(name: str, base: BaseModel, changed: BaseModel) -> tuple[str, Any, Any]:
    return name, getattr(base, name), getattr(changed, name)


def _json(value: object) -> bytes:
    return rfc8785.dumps(_JSON.dump_python(value, mode="json"))


def _when(loosens: Callable[[Any, Any], bool]) -> Rule:
    """The rule for one fact as a whole."""
    return lambda name, base, changed: [name] if loosens(base, changed) else []


def _within(smaller: Iterable[object], larger: Iterable[object]) -> bool:
    return {_json(item) for item in smaller} <= {_json(item) for item in larger}


def _nested(rules: dict[str, Rule]) -> Rule:
    """The rule for a part with facts of its own."""

    def rule(name: str, base: BaseModel | None, changed: BaseModel | None) -> Iterable[str]:
        if base is None or changed is None:
            return [] if base is None else [name]
        inner = _each(type(base), rules)
        return [f"{name}.{weak}" for field, each in inner for weak in each(*_pair(field, base, changed))]

    return rule


_free: Final = _when(lambda _base, _changed: False)
_same: Final = _when(lambda base, changed: _json(base) != _json(changed))
_same_or_silent: Final = _when(lambda base, changed: changed is not None and _json(base) != _json(changed))
_said_first: Final = _when(lambda base, changed: base is not None and _json(base) != _json(changed))
_no_more: Final = _when(lambda base, changed: not _within(changed, base))
_no_less: Final = _when(lambda base, changed: not _within(base, changed))
_not_raised: Final = _when(lambda base, changed: changed > base)
_word: Final = _when(lambda base, changed: _WEAKNESS[changed] < _WEAKNESS[base])


def _hosts(base: list[str], changed: list[str]) -> bool:
    """Without hosts, a self-operated configuration may be at any: naming them narrows, clearing them widens."""
    return bool(base) and not (changed and _within(changed, base))


def _regions(base: list[str], changed: list[str]) -> bool:
    """Regions state where content may be processed: more of them claim less, and none claims nothing."""
    return bool(changed) and not (base and _within(base, changed))


def _legs(name: str, base: list[Leg], changed: list[Leg]) -> Iterable[str]:
    if len(changed) < len(base):
        yield name
    for old, new in zip(base, changed, strict=False):
        if (old.leg, old.operator) != (new.leg, new.operator):
            yield f"{name}.{old.leg}"
        for flag in FLAGS:
            if _WEAKNESS[getattr(new.flags, flag)] < _WEAKNESS[getattr(old.flags, flag)]:
                yield f"{name}.{old.leg}.{flag}"


def _exceptions(base: Sequence[ExceptionClause], changed: Sequence[ExceptionClause]) -> bool:
    return not all(any(_covers(new, old) for new in changed) for old in base)


def _covers(new: ExceptionClause, old: ExceptionClause) -> bool:
    return (
        new.trigger == old.trigger
        and new.when in (old.when, "all")
        and new.max in (old.max, None)
        and _WEAKNESS[new.human_review] >= _WEAKNESS[old.human_review]
    )


def _allows(name: str, base: dict[str, list[object]], changed: dict[str, list[object]]) -> Iterable[str]:
    return [
        f"{name}.{path}" for path, values in base.items() if path not in changed or not _within(changed[path], values)
    ]


def _forbids(base: list[BaseModel], changed: list[BaseModel]) -> bool:
    return not _within(*([forbid.model_dump(exclude={"why"}) for forbid in each] for each in (base, changed)))


def _proofs(base: list[Proof], changed: list[Proof]) -> bool:
    return not all(any(_shows_no_less(new, old) for new in changed) for old in base)


def _shows_no_less(new: Proof, old: Proof) -> bool:
    """The same proof; a preflight may be added to it, and not be changed or taken away."""
    preflight = old.preflight or new.preflight
    return _json(new) == _json(old.model_copy(update={"preflight": preflight}))


def _models(base: list[Model], changed: list[Model]) -> bool:
    """Fewer models, never one that another entry then serves differently: the first match decides."""
    before, after = _by_name(base), _by_name(changed)
    if any(pattern is not None for _, pattern in after) and list(after) != list(before):
        return True
    return not all(name in before and _serves_no_more(entry, before[name]) for name, entry in after.items())


def _by_name(models: list[Model]) -> dict[tuple[str | None, str | None], Model]:
    first: dict[tuple[str | None, str | None], Model] = {}
    for entry in models:
        first.setdefault((entry.id, entry.pattern), entry)
    return first


def _serves_no_more(new: Model, old: Model) -> bool:
    return _FARNESS[new.origin] >= _FARNESS[old.origin] and set(new.features) <= set(old.features)


def _excluded(base: list[Any], changed: list[Any]) -> bool:
    return not {each.matches for each in base} <= {each.matches for each in changed}


def _starts_sooner(base: Any, changed: Any) -> bool:  # noqa: ANN401 - a date or None
    return base is not None and (changed is None or changed < base)


def _widens(base: str, changed: str) -> bool:
    """Specifiers are ANDed, so more of them admit less."""
    return not set(SpecifierSet(base)) <= set(SpecifierSet(changed))


_FLAGS: Final[dict[str, Rule]] = dict.fromkeys(FLAGS, _word)
_CACHE: Final[dict[str, Rule]] = {
    "medium": _when(lambda base, changed: MEDIA[changed] < MEDIA[base]),
    "max_ttl": _same_or_silent,
    "can_disable": _not_raised,
    "isolation": _same_or_silent,
}
_MECHANISM: Final[dict[str, Rule]] = {
    "fail_mode": _when(lambda base, changed: changed == "closed" != base),
    "effective_from": _when(_starts_sooner),
    "how": _free,
}
_CONDITIONS: Final[dict[str, Rule]] = {
    "force": _same,  # one more may open what was closed without it
    "allow": _allows,
    "forbid": _when(_forbids),
    "permit": _no_more,
    "response": _when(_proofs),
}
_ENGINE: Final[dict[str, Rule]] = {
    "versions": _when(_widens),
    "required_flags": _no_less,
    "forbidden_flags": _no_less,
    "blocked_routes": _no_less,
}
_ATTESTATION: Final[dict[str, Rule]] = {
    "observed": _free,
    "expires": _when(lambda base, changed: base is not None and changed is None),
    "grade": _when(lambda base, changed: GRADES[changed] > GRADES[base]),
    "evidence": _free,
    "conflicts": _no_less,
    "reviewed_by": _free,
}
_RULES: Final[dict[str, Rule]] = {
    "title": _free,
    "mechanism": _nested(_MECHANISM),
    "private_network": _not_raised,
    "hosts": _when(_hosts),
    "endpoints": _no_more,
    "regions": _when(_regions),
    "flags": _nested(_FLAGS),
    "legs": _legs,
    "cache": _nested(_CACHE),
    "exceptions": _when(_exceptions),
    "default_retention": _said_first,
    "conditions": _nested(_CONDITIONS),
    "models": _when(_models),
    "excluded_models": _when(_excluded),
    "engine": _nested(_ENGINE),
    "attestation": _nested(_ATTESTATION),
}
