"""That nothing passes under a changed configuration which did not pass before, unless it was called loosened.

What passes is asked here in another way than the rules compare: a configuration is put a list of questions, each
of which a policy or a request could ask, and gives the set of those it passes.
"""

from __future__ import annotations

import copy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from zdr_router.registry.configuration import Configuration
from zdr_router.registry.loosening import loosened
from zdr_router.registry.strict_yaml import parse

WORDS = ("no", "unknown", "yes")
MEDIA = ("none", "gpu_memory", "host_memory", "local_encrypted", "disk", "unknown")
TRIGGERS = ("csam_screening", "sampling")

_flags = st.fixed_dictionaries({"stores_prompts": st.sampled_from(WORDS), "human_review": st.sampled_from(WORDS)})
_exception = st.fixed_dictionaries(
    {"trigger": st.sampled_from(TRIGGERS), "when": st.sampled_from(["all", "images", "files"])},
    optional={"human_review": st.sampled_from(WORDS), "max": st.just("30 days")},
)
_model = st.fixed_dictionaries(
    {"origin": st.sampled_from(["hosted", "proxied", "unknown"])},
    optional={"features": st.lists(st.sampled_from(["tools", "files"]), max_size=2)},
).flatmap(
    lambda model: st.sampled_from([{"id": "one"}, {"id": "two"}, {"pattern": "o"}, {"pattern": "^t"}]).map(
        lambda name: {**model, **name}
    )
)
_value = st.sampled_from([False, True, 0, 1, "x"])
_conditions = st.fixed_dictionaries(
    {
        "force": st.lists(st.fixed_dictionaries({"set": st.sampled_from(["store", "n"]), "to": _value}), max_size=2),
        "allow": st.dictionaries(st.sampled_from(["store", "n"]), st.lists(_value, max_size=3), max_size=2),
        "forbid": st.lists(
            st.fixed_dictionaries({"path": st.sampled_from(["store", "n"])}, optional={"equals": _value}), max_size=2
        ),
        "permit": st.lists(st.sampled_from(["prompt_cache", "files"]), max_size=2),
        "response": st.lists(
            st.sampled_from(
                [
                    {"header": "a", "equals": "1"},
                    {"header": "a", "equals": "1", "preflight": {"get": "/models"}},
                    {"header": "a", "equals": "1", "preflight": {"get": "/me"}},
                    {"body": "b", "one_of": ["x"]},
                ]
            ),
            max_size=2,
        ),
    }
)
CHANGES = {
    "private_network": st.booleans(),
    "tier": st.sampled_from(["any", "paid"]),
    "hosts": st.lists(st.sampled_from(["https://a.example", "https://b.example"]), min_size=1, max_size=2),
    "endpoints": st.lists(st.sampled_from(["embeddings", "responses"]), min_size=1, max_size=2),
    "regions": st.lists(st.sampled_from(["us", "eu"]), max_size=2),
    "flags": _flags,
    "legs": st.lists(
        st.fixed_dictionaries({"leg": st.sampled_from(["upstream", "tools"]), "flags": _flags}), max_size=2
    ),
    "cache": st.fixed_dictionaries(
        {"medium": st.sampled_from(MEDIA), "can_disable": st.booleans()},
        optional={
            "isolation": st.sampled_from([{"parameter": "cache_salt"}, {"off": {"a": 0}}, {"off": {"a": False}}])
        },
    ),
    "exceptions": st.lists(_exception, max_size=2),
    "conditions": _conditions,
    "models": st.lists(_model, max_size=3),
    "excluded_models": st.lists(
        st.fixed_dictionaries({"matches": st.sampled_from(["^o", "w"]), "why": st.just("x")}), max_size=2
    ),
    "engine": st.none()
    | st.fixed_dictionaries(
        {"name": st.just("e"), "versions": st.sampled_from([">=1", ">=1,<3", ">=2", "<3,>=1,!=2"])},
        optional={"required_flags": st.lists(st.sampled_from(["a", "b"]), max_size=2)},
    ),
}


def _same(left: object, right: object) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _served(configuration: Configuration, name: str) -> object:
    exact = [each for each in configuration.models if each.id == name]
    matched = [each for each in configuration.models if each.pattern and re.search(each.pattern, name)]
    return next(iter((*exact, *matched)), None)


def _parties(configuration: Configuration) -> set[object]:
    flags = configuration.flags
    passed: set[object] = {("flag", name) for name, word in flags if word == "no"}
    words = {name: {word, *(getattr(leg.flags, name) for leg in configuration.legs)} for name, word in flags}
    return passed | {("everybody", name) for name, said in words.items() if said == {"no"}}


def _cache(configuration: Configuration) -> set[object]:
    cache = configuration.cache
    passed: set[object] = {("cache", medium) for medium in MEDIA if MEDIA.index(cache.medium) <= MEDIA.index(medium)}
    if cache.isolation is not None:
        passed.add(("isolated", repr(cache.isolation)))
        passed |= {("off", repr(cache.isolation))} if cache.can_disable else set()
    return passed


def _exceptions(configuration: Configuration) -> set[object]:
    passed: set[object] = set()
    for tolerated in ((), TRIGGERS[:1], TRIGGERS[1:], TRIGGERS):
        for media in ("text", "images", "files"):
            for reviewed in (False, True):
                met = [each for each in configuration.exceptions if each.when in ("all", media)]
                if all(each.trigger in tolerated and (reviewed or each.human_review == "no") for each in met):
                    passed.add(("exceptions", tolerated, media, reviewed))
    return passed


def _requests(configuration: Configuration) -> set[object]:
    conditions, passed = configuration.conditions, set[object]()
    forced = {force.set: repr(force.to) for force in conditions.force}
    for path in ("store", "n"):
        passed.add(("forced", path, forced.get(path)))
        for value in (False, True, 0, 1, "x", "y"):
            stopped = any(
                each.path == path and ("equals" not in each.model_fields_set or _same(each.equals, value))
                for each in conditions.forbid
            )
            allowed = path not in conditions.allow or any(_same(each, value) for each in conditions.allow[path])
            if allowed and not stopped:
                passed.add(("sends", path, repr(value)))
    passed |= {("permit", name) for name in conditions.permit}
    shown = ({"a": "1"}, {"b": "x"}, {"a": "1", "b": "x"}, {})
    for answer in shown:
        if all(
            answer.get(str(each.header or each.body)) in (each.equals, *each.one_of) for each in conditions.response
        ):
            passed.add(("answer", tuple(answer)))
    for place in ("/models", "/me", ""):
        if all(each.preflight is None or each.preflight.get == place for each in conditions.response):
            passed.add(("shows beforehand only at", place))
    return passed


def _models(configuration: Configuration) -> set[object]:
    passed: set[object] = set()
    for name in ("one", "two", "other"):
        model = _served(configuration, name)
        if model is None or any(re.search(each.matches, name) for each in configuration.excluded_models):
            continue
        passed.add(("model", name))
        passed |= {("hosted", name)} if model.origin == "hosted" else set()
        passed |= {("able", name, feature) for feature in model.features}
    return passed


def _place(configuration: Configuration) -> set[object]:
    passed: set[object] = {("host", host) for host in configuration.hosts}
    passed |= {("endpoint", endpoint) for endpoint in configuration.endpoints}
    passed |= {("plain",)} if configuration.private_network else set()
    passed.add(("tier", configuration.tier))
    for regions in ({"us"}, {"eu"}, {"us", "eu"}):
        if configuration.regions and set(configuration.regions) <= regions:
            passed.add(("regions", *sorted(regions)))
    for version in ("0.5", "1", "2", "2.5", "3"):
        engine = configuration.engine
        for flags in ((), ("a",), ("a", "b")):
            if engine is None or (
                version in SpecifierSet(engine.versions) and set(engine.required_flags) <= set(flags)
            ):
                passed.add(("engine", version, flags))
    return passed


def passes(configuration: Configuration) -> set[object]:
    asked = (_parties, _cache, _exceptions, _requests, _models, _place)
    return set[object]().union(*(ask(configuration) for ask in asked))


@pytest.fixture(scope="session")
def declared(text):
    return parse(text.encode(), "f.yaml").value["configurations"][0]


@given(changes=st.fixed_dictionaries({}, optional={name: st.tuples(each, each) for name, each in CHANGES.items()}))
def test_what_is_not_called_loosened_passes_nothing_that_did_not_pass_before(declared, changes):
    base, changed = copy.deepcopy(declared), copy.deepcopy(declared)
    for name, (before, after) in changes.items():
        base[name], changed[name] = before, after
    first, second = Configuration.model_validate(base), Configuration.model_validate(changed)
    if not loosened(first, second):
        assert passes(second) <= passes(first)
    assert loosened(first, first) == []


@pytest.mark.parametrize("name", CHANGES)
def test_every_field_is_searched_for_loosening_on_its_own(declared, name):
    found = {"tighter": 0, "looser": 0}

    @given(pair=st.tuples(CHANGES[name], CHANGES[name]))
    def search(pair):
        first = Configuration.model_validate({**declared, name: pair[0]})
        second = Configuration.model_validate({**declared, name: pair[1]})
        if loosened(first, second):
            assert all(each.startswith(name) for each in loosened(first, second))
            found["looser"] += 1
        else:
            assert passes(second) <= passes(first)
            found["tighter"] += 1

    search()
    assert all(found.values())


def test_a_field_without_a_rule_must_stay_as_it_is(declared):
    base = Configuration.model_validate(declared)
    for name, value in (("id", "acme/x"), ("dialect", "litellm:x"), ("credential_mode", "byok")):
        assert loosened(base, base.model_copy(update={name: value})) == [name]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("allow", {"n": [False]}, {"n": [0]}),
        ("allow", {"n": [1]}, {"n": [True]}),
        ("allow", {"n": [1], "m": [1]}, {"n": [1]}),
        ("forbid", [{"path": "n", "equals": False}], [{"path": "n", "equals": 0}]),
        ("force", [{"set": "n", "to": 0}], [{"set": "n", "to": False}]),
    ],
)
def test_values_are_compared_as_json_where_false_is_not_zero(declared, name, before, after):
    first = Configuration.model_validate({**declared, "conditions": {name: before}})
    second = Configuration.model_validate({**declared, "conditions": {name: after}})
    (found,) = loosened(first, second)
    assert found.startswith(f"conditions.{name}")
