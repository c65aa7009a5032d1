"""What a digest depends on, and what it does not."""

from __future__ import annotations

import re

import pytest
import rfc8785

from zdr_router.registry import Registry
from zdr_router.registry.digest import digest, digest_all, digest_of

GOLDEN = "sha256:40a4ce774e0b90058f7e644c101c42a52d05d91e12f8596502d51aaf32a6558d"


# RFC 8785, section 3.2.2 to 3.2.4 and appendix B.
@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        (
            {
                "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
                "literals": [None, True, False],
            },
            (
                '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
                '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
            ),
        ),
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "ö": 7},
            '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
        ),
        (
            [-0.0, 5e-324, 1e21, 9007199254740991, 295147905179352830000.0],
            "[0,5e-324,1e+21,9007199254740991,295147905179352830000]",
        ),
    ],
)
def test_canonical_json_is_that_of_rfc_8785(value, canonical):
    assert rfc8785.dumps(value).decode() == canonical


def test_a_digest_is_sha_256_over_canonical_json():
    # printf '{}' | sha256sum, printf '{"a":1}' | sha256sum
    assert digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest({"a": 1}) == "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {"a": {1: 2}}, object()])
def test_what_is_not_json_has_no_digest(value):
    with pytest.raises(rfc8785.CanonicalizationError):
        digest(value)


def _digest(write, content: str) -> str:
    return Registry.load([write(content)]).digests["acme/zdr"]


def test_the_digest_of_a_configuration_never_changes(write, text):
    assert _digest(write, text) == GOLDEN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema: 1", "# a comment\nschema: 1 # another"),
        ("{env: ACME_API_KEY, auth: bearer}", "{auth: bearer, env: ACME_API_KEY}"),
        ("{env: ACME_API_KEY, auth: bearer}", "{env: ACME_API_KEY}"),
        ("stores_prompts: no\n", 'stores_prompts: "no"\n'),
        ("to: false", "to: FALSE"),
        ("input: 1,", "input: 1.0,"),
        ("context: 8192", "context: 0x2000"),
        ("{id: two, origin: proxied}", "{id: two, origin: proxied, features: [], context: null, pattern: ~}"),
        ("flags: {stores_prompts: no, ", "flags: {human_review: unknown, stores_prompts: no, "),
        ("    tier: paid\n", "    tier: paid\n    private_network: false\n    dialect: openai\n    engine: null\n"),
        ("      how: switch it on\n", "      how: >-\n        switch\n        it on\n"),
        ("expires: 2027-02-20", "expires: '2027-02-20'\n      grade: documented"),
        ("regions: [us]", "regions:\n    - us"),
    ],
)
def test_the_way_of_writing_does_not_change_a_digest(write, text, old, new):
    assert text.count(old) == 1
    assert _digest(write, text.replace(old, new)) == GOLDEN


def test_a_spelled_out_empty_list_is_the_same_as_none(write, text):
    bare = re.sub(r"    legs:\n(      .*\n)+", "", text)
    assert "legs" not in bare
    assert _digest(write, bare) == _digest(write, bare.replace("    tier:", "    legs: []\n    tier:"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("acme/zdr", "acme/zdr2"),
        ("title: Acme", "title: Acne"),
        ("kind: org_setting", "kind: contract"),
        ("scope: organization", "scope: project"),
        ("fail_mode: closed", "fail_mode: open"),
        ("effective_from: 2026-01-01", "effective_from: 2026-01-02"),
        ("how: switch", "how: flip"),
        ("https://eu.acme", "https://ca.acme"),
        ("env: ACME", "env: ACNE"),
        ("auth: bearer", "auth: api-key"),
        ("tier: paid", "tier: enterprise"),
        ("tier: paid", "tier: paid\n    credential_mode: byok"),
        ("tier: paid", "tier: paid\n    private_network: true"),
        ("tier: paid", "tier: paid\n    dialect: litellm:acme"),
        ("tier: paid", "tier: paid\n    engine: {name: x, versions: '>=1'}"),
        ("tier: paid", "tier: paid\n    engine: {name: x, versions: '>=1', required_flags: [a]}"),
        ("completions, embeddings", "completions"),
        ("completions, embeddings", "completions, responses"),
        ("regions: [us]", "regions: [eu]"),
        *(
            (f"      {flag}: no\n", f"      {flag}: yes\n")
            for flag in ("stores_prompts", "stores_outputs", "logs_content")
        ),
        *((f"      {flag}: no\n", f"      {flag}: unknown\n") for flag in ("trains_on_content", "human_review")),
        ("      shares_or_sells: no\n", ""),
        ("leg: upstream", "leg: gateway"),
        ("operator: Beta", "operator: Gamma"),
        ("logs_content: unknown", "logs_content: yes"),
        ("medium: gpu_memory", "medium: disk"),
        ("max_ttl: 5m", "max_ttl: 6m"),
        ("can_disable: true", "can_disable: false"),
        ("parameter: cache_salt", "parameter: prompt_cache_key"),
        ("{parameter: cache_salt}", "{off: {cache: false}}"),
        ("{parameter: cache_salt}", "{off: {cache: 0}}"),
        ("trigger: csam_screening", "trigger: sampling"),
        ("when: images", "when: files"),
        ("max: 30 days", "max: 31 days"),
        ("human_review: unknown}", "human_review: yes}"),
        ("duration: 30 days", "duration: 31 days"),
        ("purposes: [abuse]", "purposes: []"),
        ("set: store", "set: stored"),
        ("to: false", "to: 0"),
        ("to: false", "to: null"),
        ("to: false", 'to: "false"'),
        ("to: false", "to: [false]"),
        ("tools[].type", "tools[].name"),
        ("[function, custom]", "[custom, function]"),
        ("path: previous_response_id", "path: conversation"),
        ("path: previous_response_id", 'path: previous_response_id, equals: ""'),
        ("why: it is kept", "why: it stays"),
        ("^acme/compound", "^acme/compounds"),
        ("permit: [prompt_cache]", "permit: []"),
        ("header: x-zdr", "header: x-zero"),
        ('equals: "on"', 'equals: "off"'),
        ("id: one", "id: three"),
        ("{id: two", "{pattern: two"),
        ("context: 8192", "context: 8193"),
        ("features: [stream, tools]", "features: [stream]"),
        ("input: 1,", "input: 1.1,"),
        ("output: 2.5", "output: 0"),
        ("origin: proxied", "origin: unknown"),
        ("-preview$", "-preview"),
        ("previews are kept", "previews stay"),
        ("      observed: 2026-11-22\n", "      observed: 2026-11-23\n"),
        ("expires: 2027-02-20", "expires: 2027-02-19"),
        ("expires: 2027-02-20", "expires: 2027-02-20\n      grade: claimed"),
        ("expires: 2027-02-20", "expires: 2027-02-20\n      reviewed_by: somebody"),
        ("kind: policy_page", "kind: terms"),
        ("acme.example/zdr", "acme.example/zero"),
        ("§ 2", "§ 3"),
        ('"§ 2", observed: 2026-11-22', '"§ 2", observed: 2026-11-21'),
        ("confidence: high", "confidence: low"),
        ("confidence: high", "confidence: high, digest: abc"),
        ("logs are kept", "logs remain"),
        ("observed: 2026-11-20", "observed: 2026-11-19"),
        ("says: logs", 'url: "https://acme.example/x", says: logs'),
    ],
)
def test_every_change_of_a_fact_changes_the_digest(write, text, old, new):
    assert text.count(old) == 1
    name = "acme/zdr2" if "zdr2" in new else "acme/zdr"
    changed = Registry.load([write(text.replace(old, new))])
    assert changed.digests[name] != GOLDEN
    assert changed.digest != Registry.load([write(text)]).digest


@pytest.mark.parametrize(
    ("old", "new"), [("name: Acme\n", "name: Acne\n"), ("country: US", "country: DE"), ("/privacy", "/p")]
)
def test_what_is_said_of_a_provider_changes_the_digest_of_the_registry_alone(write, text, old, new):
    before = Registry.load([write(text)])
    after = Registry.load([write(text.replace(old, new))])
    assert before.digest != after.digest
    assert before.digests == after.digests


def test_the_digest_of_a_registry_does_not_depend_on_the_order_of_files(write, text):
    one, other = write(text, "a.yaml"), write(text.replace("acme", "beta"), "b.yaml")
    assert Registry.load([one, other]).digest == Registry.load([other, one]).digest
    assert Registry.load([one, other]).digest != Registry.load([one]).digest


def test_names_count_in_a_digest_over_digests():
    assert digest_all({"a": "x", "b": "y"}) == digest_all({"b": "y", "a": "x"})
    assert digest_all({"a": "x", "b": "y"}) != digest_all({"a": "y", "b": "x"})


def test_a_digest_can_be_had_of_every_model(write, text):
    registry = Registry.load([write(text)])
    assert digest_of(registry.configurations["acme/zdr"]) == registry.digests["acme/zdr"]
    assert digest_of(registry.providers["acme"]).startswith("sha256:")
