"""What an overlay may change, what it may not, and how it is recorded."""

from __future__ import annotations

import re

import pytest

from zdr_router.errors import ConfigError
from zdr_router.registry import Registry
from zdr_router.registry.overlay import merge

HEAD = "schema: 1\noverlay: {reviewed_by: a reviewer}\nconfigurations:\n  - id: acme/zdr\n"
UNSAFE = HEAD.replace("a reviewer", "a reviewer, unsafe_loosen: we know better")

TIGHTER = [
    "title: another",
    "flags: {human_review: unknown}",
    "flags: {human_review: yes, logs_content: yes}",
    "cache: {medium: host_memory}",
    "cache: {medium: unknown, max_ttl: null, can_disable: false, isolation: null}",
    "hosts: ['https://eu.acme.example/v1']",
    "endpoints: [embeddings]",
    "regions: [us, eu]",
    "regions: []",
    "models: [{id: one, features: [tools]}]",
    "models: [{id: two, origin: unknown}, {id: one}]",
    "models: [{id: one, context: 4096, price: {input: 9}}]",
    "models: []",
    "excluded_models: [{matches: '-preview$', why: other words}, {matches: '^two$', why: not read}]",
    "exceptions: [{trigger: csam_screening, when: all, human_review: yes}, {trigger: sampling}]",
    "legs: [{leg: upstream, operator: Beta, flags: {}}, {leg: tools, flags: {}}]",
    "mechanism: {fail_mode: unknown, effective_from: 2026-06-01, how: other words}",
    "conditions: {allow: {'tools[].type': [function], model: [one]}}",
    "conditions: {forbid: [{path: previous_response_id}, {path: model, matches: '^acme/compound'}, {path: n}]}",
    "conditions: {permit: []}",
    "conditions: {response: [{header: x-zdr, equals: 'on'}, {body: provider, one_of: [beta]}]}",
    "engine: {name: acme, versions: '>=1'}",
    "attestation: {expires: 2026-12-01}",
    "attestation: {grade: claimed}",
    "attestation: {observed: 2027-02-01, expires: 2027-05-02}",
    "attestation: {conflicts: [{says: logs are kept, observed: 2026-11-20}, {says: and more, observed: 2026-11-21}]}",
]
LOOSER = [
    ("dialect: litellm:acme", "dialect"),
    ("private_network: true", "private_network"),
    ("credentials: {auth: none}", "credentials"),
    ("credential_mode: byok", "credential_mode"),
    ("tier: any", "tier"),
    ("hosts: ['https://api.acme.example/v1', 'https://x.example/v1']", "hosts"),
    ("endpoints: [embeddings, responses]", "endpoints"),
    ("regions: [eu]", "regions"),
    ("models: [{id: three}]", "models"),
    ("models: [{id: one, features: [stream, tools, files]}]", "models"),
    ("models: [{id: two}]", "models"),
    ("models: [{id: two, origin: hosted}]", "models"),
    ("models: [{pattern: one}]", "models"),
    ("excluded_models: []", "excluded_models"),
    ("excluded_models: [{matches: '-preview2$', why: x}]", "excluded_models"),
    ("legs: []", "legs"),
    ("legs: [{leg: upstream, operator: Beta, flags: {logs_content: no}}]", "legs.upstream.logs_content"),
    ("legs: [{leg: upstream, operator: Gamma, flags: {}}]", "legs.upstream"),
    ("legs: [{leg: tools, operator: Beta, flags: {}}]", "legs.upstream"),
    ("cache: {medium: none}", "cache.medium"),
    ("cache: {max_ttl: 1m}", "cache.max_ttl"),
    ("cache: {isolation: {parameter: prompt_cache_key}}", "cache.isolation"),
    ("cache: {isolation: {parameter: null, off: {cache: false}}}", "cache.isolation"),
    ("exceptions: []", "exceptions"),
    ("exceptions: [{trigger: csam_screening, when: files, max: 30 days, human_review: unknown}]", "exceptions"),
    ("exceptions: [{trigger: csam_screening, when: images, max: 1 day, human_review: unknown}]", "exceptions"),
    ("exceptions: [{trigger: csam_screening, when: images, max: 30 days, human_review: no}]", "exceptions"),
    ("exceptions: [{trigger: sampling, when: images, max: 30 days, human_review: unknown}]", "exceptions"),
    ("default_retention: {duration: 1 day}", "default_retention"),
    ("default_retention: null", "default_retention"),
    ("mechanism: {kind: default}", "mechanism.kind"),
    ("mechanism: {scope: account}", "mechanism.scope"),
    ("mechanism: {effective_from: 2025-01-01}", "mechanism.effective_from"),
    ("mechanism: {effective_from: null}", "mechanism.effective_from"),
    ("conditions: {force: []}", "conditions.force"),
    ("conditions: {force: [{set: store, to: 0}]}", "conditions.force"),
    ("conditions: {force: [{set: store, to: false}, {set: store, to: true}]}", "conditions.force"),
    ("conditions: {force: [{set: store, to: false}, {set: web_search, to: true}]}", "conditions.force"),
    ("conditions: {allow: {'tools[].type': [function, web_search]}}", "conditions.allow.tools[].type"),
    ("conditions: {forbid: [{path: previous_response_id}]}", "conditions.forbid"),
    (
        "conditions: {forbid: [{path: previous_response_id, equals: x}, {path: model, matches: '^acme/compound'}]}",
        "conditions.forbid",
    ),
    ("conditions: {permit: [prompt_cache, web_search]}", "conditions.permit"),
    ("conditions: {response: []}", "conditions.response"),
    ("attestation: {conflicts: []}", "attestation.conflicts"),
]


def _load(write, text: str, *overlays: str) -> Registry:
    paths = [write(overlay, f"overlay{index}.yaml") for index, overlay in enumerate(overlays)]
    return Registry.load([write(text)], paths)


def _refused(write, text: str, *overlays: str) -> str:
    with pytest.raises(ConfigError) as caught:
        _load(write, text, *overlays)
    (problem,) = caught.value.problems
    return f"{problem.line} {problem.what}"


@pytest.mark.parametrize("change", TIGHTER)
def test_an_overlay_may_tighten_and_renew(write, text, change):
    registry = _load(write, text, f"{HEAD}    {change}\n")
    assert registry.unsafe == {}
    assert registry.digests != Registry.load([write(text)]).digests


@pytest.mark.parametrize(("change", "name"), LOOSER)
def test_an_overlay_that_loosens_is_refused_with_the_fact_and_its_line(write, text, change, name):
    assert _refused(write, text, f"{HEAD}    title: x\n    {change}\n") == f"6 the overlay loosens {name} of acme/zdr"


@pytest.mark.parametrize(("change", "name"), LOOSER)
def test_loosening_with_a_reason_is_done_and_recorded(write, text, change, name):
    registry = _load(write, text, f"{UNSAFE}    {change}\n")
    assert registry.unsafe == {"acme/zdr": f"{name}: we know better"}


@pytest.mark.parametrize(
    ("old", "change", "name"),
    [
        ("shares_or_sells: no", "flags: {shares_or_sells: no}", "flags.shares_or_sells"),
        ("human_review: no\n", "flags: {human_review: unknown}", "flags.human_review"),
        ("can_disable: true", "cache: {can_disable: true}", "cache.can_disable"),
        ("fail_mode: closed", "mechanism: {fail_mode: closed}", "mechanism.fail_mode"),
        ("expires: 2027-02-20\n", "attestation: {grade: documented}", "attestation.grade"),
        ("regions: [us]", "regions: [us]", "regions"),
    ],
)
def test_what_is_shipped_as_weak_cannot_be_made_strong(write, text, old, change, name):
    weak = {
        "shares_or_sells: no": "shares_or_sells: unknown",
        "human_review: no\n": "human_review: yes\n",
        "can_disable: true": "can_disable: false",
        "fail_mode: closed": "fail_mode: open",
        "expires: 2027-02-20\n": "expires: 2027-02-20\n      grade: claimed\n",
        "regions: [us]": "regions: []",
    }
    assert text.count(old) == 1
    content = text.replace(old, weak[old])
    assert _refused(write, content, f"{HEAD}    {change}\n") == f"5 the overlay loosens {name} of acme/zdr"


BEFOREHAND = "preflight: {get: /models}"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("", BEFOREHAND, None),
        (BEFOREHAND, f"{BEFOREHAND}}}, {{body: provider, one_of: [beta]", None),
        (BEFOREHAND, "", "conditions.response"),
        (BEFOREHAND, "preflight: null", "conditions.response"),
        (BEFOREHAND, "preflight: {get: /me}", "conditions.response"),
        (BEFOREHAND, f"{BEFOREHAND}, header: x-other", "conditions.response"),
    ],
)
def test_what_is_shown_beforehand_may_be_added_and_not_changed_or_taken_away(write, text, old, new, name):
    def proof(rest: str) -> str:
        return "{" + ", ".join(filter(None, ["" if "header" in rest else "header: x-zdr", "equals: 'on'", rest])) + "}"

    shipped = '{header: x-zdr, equals: "on"}'
    assert text.count(shipped) == 1
    base = text.replace(shipped, proof(old))
    overlay = f"{HEAD}    conditions: {{response: [{proof(new)}]}}\n"
    if name is None:
        assert _load(write, base, overlay).unsafe == {}
    else:
        assert _refused(write, base, overlay) == f"5 the overlay loosens {name} of acme/zdr"


ENGINE = """\
    hosts: ["http://127.0.0.1:8080/v1"]
    engine: {name: e, versions: ">=1,<3", required_flags: [a], forbidden_flags: [b], blocked_routes: [/c]}
"""


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("engine: {versions: '>=1,<3,!=2'}", None),
        ("engine: {required_flags: [a, d], forbidden_flags: [b, d], blocked_routes: [/c, /d]}", None),
        ("attestation: {expires: 2026-12-01}", None),
        ("engine: {versions: '>=1,<4'}", "engine.versions"),
        ("engine: {versions: '>=1'}", "engine.versions"),
        ("engine: {name: f}", "engine.name"),
        ("engine: {required_flags: []}", "engine.required_flags"),
        ("engine: {forbidden_flags: []}", "engine.forbidden_flags"),
        ("engine: {blocked_routes: [/d]}", "engine.blocked_routes"),
        ("attestation: {expires: null}", "attestation.expires"),
        ("hosts: []", "hosts"),
    ],
)
def test_an_engine_is_compared_part_by_part(write, text, change, name):
    content = text.replace("kind: org_setting", "kind: self_operated")
    content = re.sub(r"    hosts: .*\n", ENGINE, content)
    overlay = f"{HEAD}    {change}\n"
    if name is None:
        assert _load(write, content, overlay).unsafe == {}
    else:
        assert _refused(write, content, overlay) == f"5 the overlay loosens {name} of acme/zdr"


def test_an_exact_model_does_not_give_way_to_a_pattern_that_says_more(write, text):
    content = text.replace("- {id: two, origin: proxied}", "- {id: two, origin: proxied}\n      - {pattern: '.'}")
    for models in ("[{pattern: '.'}]", "[{pattern: '.'}, {id: two, origin: proxied}]", "[{id: one}, {pattern: '.'}]"):
        assert "loosens models" in _refused(write, content, f"{HEAD}    models: {models}\n")
    kept = "[{id: one}, {id: two, origin: proxied}, {pattern: '.', origin: unknown}]"
    assert _load(write, content, f"{HEAD}    models: {kept}\n").unsafe == {}


def test_a_renewal_names_its_reviewer_whatever_the_entry_says(write, text):
    change = "attestation: {observed: 2027-02-01, expires: 2027-05-02, reviewed_by: nobody}"
    attestation = _load(write, text, f"{HEAD}    {change}\n").configurations["acme/zdr"].attestation
    assert attestation.reviewed_by == "a reviewer"
    assert attestation.observed.isoformat() == "2027-02-01"
    assert attestation.evidence[0].locator == "§ 2"


def test_a_change_of_other_facts_is_no_renewal(write, text):
    attestation = _load(write, text, f"{HEAD}    flags: {{human_review: yes}}\n").configurations["acme/zdr"].attestation
    assert attestation.reviewed_by is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("attestation: {expires: 2027-05-02}", "attestation.expires: an attestation lasts 90 days"),
        (
            "attestation: {observed: 2026-11-21, expires: 2027-01-01}",
            "attestation.evidence.0: evidence was observed after",
        ),
        ("attestation: {expires: null}", "attestation: `expires` is missing"),
        ("attestation: null", "attestation: keys and values are expected here"),
        ("attestation: {evidence: []}", "attestation.evidence: list should have at least 1 item"),
        ("attestation: {grade: contracted}", "attestation.grade: input should be"),
        ("flags: {human_review: false}", "flags.human_review: input should be"),
        ("flags: {reviews: no}", "unknown key configurations.0.flags.reviews"),
        ("hosts: ['http://api.acme.example/v1']", "hosts.0: a host beyond loopback"),
        ("unsafe_loosen: x", "unknown key configurations.0.unsafe_loosen"),
        ("id: acme/other", "duplicate key id"),
    ],
)
def test_what_an_overlay_makes_of_a_configuration_is_validated_and_reported_in_the_overlay(write, text, change, says):
    for head in (HEAD, UNSAFE):
        refused = _refused(write, text, f"{head}    {change}\n")
        assert says in refused
        assert refused.startswith("5 ")


def test_dates_in_the_far_future_do_not_hold_longer_than_others(write, text):
    far = "attestation: {observed: 2099-01-01, expires: 2099-12-31}"
    assert "an attestation lasts 90 days" in _refused(write, text, f"{HEAD}    {far}\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEAD.replace("acme/zdr", "acme/none"), "4 the overlay changes a configuration that is not declared"),
        (HEAD.replace("id: acme/zdr", "title: x"), "4 configurations.0: an entry says by its `id`"),
        (HEAD.replace("acme/zdr", "12"), "4 configurations.0: an entry says by its `id`"),
        (HEAD.replace("acme/zdr", "[acme/zdr]"), "4 configurations.0: an entry says by its `id`"),
        (HEAD.replace("{reviewed_by: a reviewer}", "{}"), "2 missing key overlay.reviewed_by"),
        (HEAD.replace("a reviewer", "''"), "2 overlay.reviewed_by: string should have at least 1 character"),
        (HEAD.replace("a reviewer", "a reviewer, unsafe_loosen: ''"), "2 overlay.unsafe_loosen: string should have"),
        (HEAD.replace("a reviewer", "a reviewer, unsafe_loosen: true"), "2 overlay.unsafe_loosen: input should be"),
        (HEAD.replace("schema: 1", "schema: 2"), "1 schema: this release reads schema 1"),
        (HEAD + "extra: 1\n", "5 unknown key extra"),
        (
            HEAD[: HEAD.index("configurations")] + "configurations: []\n",
            "3 configurations: list should have at least 1 item",
        ),
    ],
)
def test_a_faulty_overlay_is_one_problem_with_its_line(write, text, content, says):
    assert _refused(write, text, content).startswith(says)


def test_overlays_on_one_configuration_are_laid_over_each_other(write, text):
    registry = _load(
        write,
        text,
        f"{HEAD}    flags: {{human_review: yes}}\n",
        f"{HEAD}    flags: {{logs_content: yes}}\n    regions: []\n",
    )
    flags = registry.configurations["acme/zdr"].flags
    assert (flags.human_review, flags.logs_content, flags.stores_prompts) == ("yes", "yes", "no")


def test_a_later_overlay_cannot_take_back_what_an_earlier_one_tightened(write, text):
    change, back = "flags: {human_review: yes}", "flags: {human_review: no}"
    refused = _refused(write, text, f"{HEAD}    {change}\n", f"{HEAD}    {back}\n")
    assert refused == "5 the overlay loosens flags.human_review of acme/zdr"


def test_every_reason_for_loosening_is_kept(write, text):
    registry = _load(write, text, f"{UNSAFE}    tier: any\n", f"{UNSAFE}    exceptions: []\n", f"{HEAD}    title: x\n")
    assert registry.unsafe == {"acme/zdr": "tier: we know better; exceptions: we know better"}


def test_one_overlay_tells_every_loosening_of_every_entry(write, text):
    other = text.replace("  - id: acme/zdr", "  - id: acme/other", 1)
    content = text + other[other.index("  - id: acme/other") :]
    overlay = f"{HEAD}    tier: any\n    exceptions: []\n  - id: acme/other\n    legs: []\n"
    with pytest.raises(ConfigError) as caught:
        _load(write, content, overlay)
    assert [f"{problem.line} {problem.what}" for problem in caught.value.problems] == [
        "5 the overlay loosens tier, exceptions of acme/zdr",
        "8 the overlay loosens legs of acme/other",
    ]


def test_mappings_merge_and_everything_else_is_replaced():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": "x"}
    assert merge(base, {"a": {"c": [3]}, "e": {}}) == {"a": {"b": 1, "c": [3]}, "d": "x", "e": {}}
    assert merge(base, {"a": None, "d": {"f": 1}}) == {"a": None, "d": {"f": 1}}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": "x"}


def test_a_fact_is_found_in_the_file_that_states_it(write, text):
    shipped = Registry.load([write(text)]).sources["acme/zdr"]
    overlay = f"{HEAD}    flags: {{human_review: yes}}\n    exceptions:\n      - {{trigger: sampling}}\n"
    overlay += "      - {trigger: csam_screening}\n    conditions:\n      allow: {n: [1]}\n"
    source = _load(write, text, overlay).sources["acme/zdr"]
    assert source.at("flags.human_review").endswith("overlay0.yaml:5")
    assert source.at("exceptions.1").endswith("overlay0.yaml:8")
    assert source.at("exceptions").endswith("overlay0.yaml:6")
    assert source.at("exceptions.0.trigger").endswith("overlay0.yaml:7")
    assert source.at("conditions.allow.n").endswith("overlay0.yaml:10")
    for name in (
        "flags.logs_content",
        "conditions.forbid.1",
        "conditions.allow.tools[].type",
        "attestation.expires",
        "",
    ):
        assert source.at(name) == shipped.at(name)
    lines = text.splitlines()
    assert lines[int(shipped.at("conditions.forbid.1").rpartition(":")[2]) - 1].strip().startswith("- {path: model")
    assert lines[int(shipped.at("conditions.allow.tools[].type").rpartition(":")[2]) - 1].strip().startswith('"tools[]')
