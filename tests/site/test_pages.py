"""What the pages say and how they are built, read by a parser."""

from __future__ import annotations

import posixpath
import time
import typing
from urllib.parse import urlsplit

import pytest
from catalogue import DAY, NASTY, everything, read
from deployments import configuration, registry

from zdr_router.registry import Registry, facts
from zdr_router.registry.configuration import Configuration, Links
from zdr_router.registry.ladders import FLAGS, GRADES, MEDIA
from zdr_router.site import words
from zdr_router.site.pages import pages
from zdr_router.site.verdict import Kind

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def test_tags_are_closed_in_order_and_ids_are_unique(readings):
    for name, page in readings.items():
        assert page.unbalanced == [], name
        assert len(page.ids) == len(set(page.ids)), name


def test_every_link_within_the_catalogue_leads_somewhere(readings):
    for name, page in readings.items():
        for attrs in page.all("a"):
            parts = urlsplit(attrs["href"])
            if parts.scheme:
                continue
            there = posixpath.normpath(posixpath.join(posixpath.dirname(name), parts.path)) if parts.path else name
            assert there in readings, (name, attrs["href"])
            if parts.fragment and "=" not in parts.fragment:
                assert parts.fragment in readings[there].ids, (name, attrs["href"])


def test_nothing_is_fetched_but_what_lies_beside_the_pages(readings, made):
    for name, page in readings.items():
        fetched = [attrs["src"] for _, attrs in page.elements if "src" in attrs]
        fetched += [attrs["href"] for attrs in page.all("link") if not attrs["href"].startswith("data:")]
        for each in fetched:
            assert posixpath.normpath(posixpath.join(posixpath.dirname(name), each)) in made, (name, each)


def test_style_and_script_are_in_files_and_the_policy_says_so(readings):
    for name, page in readings.items():
        (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
        assert policy == CSP
        assert page.all("style") == []
        assert [script for script in page.all("script") if "src" not in script] == [], name
        inline = [attr for _, attrs in page.elements for attr in attrs if attr == "style" or attr.startswith("on")]
        assert inline == [], name


def test_style_and_script_ask_for_nothing(made):
    for name in ("site.css", "site.js"):
        text = made[name].decode()
        assert [
            word for word in ("http:", "https:", "//cdn", "@import", "url(", "fetch(", "import ") if word in text
        ] == []


def test_links_to_sources_tell_nobody_where_the_reader_came_from(readings):
    outside = [attrs for page in readings.values() for attrs in page.all("a") if "://" in attrs["href"]]
    assert outside
    assert [attrs for attrs in outside if "noreferrer" not in attrs.get("rel", "").split()] == []


def test_every_reference_to_an_element_finds_it(readings):
    for name, page in readings.items():
        for tag, attrs in page.elements:
            named = [*attrs.get("aria-labelledby", "").split(), *filter(None, [attrs.get("for")])]
            assert [each for each in named if each not in page.ids] == [], (name, tag)


def test_pages_can_be_used_without_eyes(readings):
    for name, page in readings.items():
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("h1")) == 1
        assert [th for th in page.all("th") if "scope" not in th] == [], name
        labelled = {label["for"] for label in page.all("label")}
        assert [each for each in page.all("select", "input") if each["id"] not in labelled] == []
        scrolled = [attrs for attrs in page.all("div") if "scroll" in attrs.get("class", "").split()]
        assert [attrs for attrs in scrolled if attrs.get("tabindex") != "0" or attrs.get("role") != "region"] == []
    (status,) = readings["index.html"].all("output")
    assert (status["role"], status["aria-live"]) == ("status", "polite")


def test_without_a_script_there_are_no_filters_and_every_row(readings):
    index = readings["index.html"]
    assert [form for form in index.all("form") if "hidden" not in form] == []
    assert [row for row in index.all("tr", "tbody", "table") if "hidden" in row] == []


@pytest.mark.parametrize("declared", [everything(), Registry.shipped()], ids=["everything", "shipped"])
def test_whatever_is_declared_is_shown(declared):
    read_pages = read(pages(declared, DAY))
    index, timeline = read_pages["index.html"].words, read_pages["timeline.html"].words
    for name, each in declared.configurations.items():
        page = read_pages[f"provider/{each.provider}.html"]
        wanted = [*_texts(each), declared.digests[name]]
        assert [text for text in wanted if " ".join(text.split()) not in page.words] == [], name
        links = [attrs["href"] for attrs in page.all("a")]
        sources = [*each.attestation.evidence, *each.attestation.conflicts]
        assert {source.url for source in sources if source.url} <= set(links), name
        assert name in index
        assert name in timeline
    assert all(declared.digest in page.words for page in read_pages.values())


def _texts(each: Configuration) -> list[str]:
    """What of a configuration is in words of its own."""
    conditions = each.conditions
    texts = [each.id, each.title, *each.hosts, *each.endpoints, *conditions.allow, *conditions.permit]
    texts += [each.mechanism.how or "", str(each.attestation.observed), str(each.attestation.expires or "")]
    texts += [leg.operator or "" for leg in each.legs]
    texts += [model.id or model.pattern or "" for model in each.models]
    texts += [text for excluded in each.excluded_models for text in (excluded.matches, excluded.why)]
    texts += [force.set for force in conditions.force]
    texts += [text for forbid in conditions.forbid for text in (forbid.path, forbid.matches or "", forbid.why or "")]
    texts += [text for proof in conditions.response for text in (proof.header or proof.body or "", *proof.one_of)]
    texts += [f"in that of GET {proof.preflight.get}" for proof in conditions.response if proof.preflight]
    texts += [evidence.locator for evidence in each.attestation.evidence]
    texts += [conflict.says for conflict in each.attestation.conflicts]
    if each.engine:
        engine = each.engine
        texts += [engine.versions, *engine.required_flags, *engine.forbidden_flags, *engine.blocked_routes]
    return texts


def test_what_a_registry_says_is_text_and_never_markup():
    evidence = {"kind": "policy_page", "locator": NASTY, "observed": DAY, "confidence": "high"}
    declared = registry(
        configuration(
            "acme/zdr",
            title=NASTY,
            mechanism={"kind": "default", "fail_mode": "closed", "how": NASTY},
            models=[{"id": NASTY}],
            excluded_models=[{"matches": "x", "why": NASTY}],
            conditions={"force": [{"set": "store", "to": NASTY}], "forbid": [{"path": "a", "equals": NASTY}]},
            endpoints=[NASTY],
            attestation={
                "observed": DAY,
                "expires": DAY.replace(month=12),
                "evidence": [{**evidence, "url": "https://example.com/\"'><script>"}],
                "conflicts": [{"says": NASTY, "observed": DAY}],
            },
        )
    )
    made = read(pages(declared, DAY))
    plain = read(pages(registry(configuration("acme/zdr")), DAY))
    for name, page in made.items():
        assert page.all("img") == [], name
        assert [attrs.get("src") for attrs in page.all("script")] == [
            each.get("src") for each in plain[name].all("script")
        ]
        assert [attr for _, attrs in page.elements for attr in attrs if attr.startswith("on")] == []
        assert page.unbalanced == []
    assert " ".join(NASTY.split()) in made["index.html"].words
    assert made["provider/acme.html"].words.count(" ".join(NASTY.split())) >= 7


def test_the_same_registry_and_day_give_the_same_bytes(made):
    assert pages(everything(), DAY) == made
    assert pages(everything(), DAY.replace(day=23)) != made


def test_no_page_tells_where_the_files_of_the_registry_lie(shipped):
    files = [f"/{name}.yaml".encode() for name in Registry.shipped().providers]
    assert [name for name, content in shipped.items() if any(file in content for file in files)] == []


def test_what_an_overlay_loosened_is_marked():
    declared = everything()
    marked = type(declared)(
        declared.providers, declared.configurations, declared.sources, {"acme/zdr": "regions: <annex 7>"}
    )
    made = read(pages(marked, DAY))
    assert "Loosened by an overlay. regions: <annex 7>" in made["provider/acme.html"].words
    assert made["index.html"].words.count("loosened here") == 1


@pytest.mark.parametrize(
    ("known", "named"),
    [
        (FLAGS, words.FLAGS),
        (typing.get_args(facts.Word), words.WORDS),
        (typing.get_args(facts.Word), words.MARKS),
        (GRADES, words.GRADES),
        (MEDIA, words.MEDIA),
        (typing.get_args(facts.MechanismKind), words.MECHANISMS),
        (typing.get_args(facts.ScopeKind), words.SCOPES),
        (typing.get_args(facts.Trigger), words.TRIGGERS),
        (typing.get_args(facts.Capability), words.ABILITIES),
        (typing.get_args(facts.Evidence.model_fields["kind"].annotation), words.EVIDENCE),
        (typing.get_args(facts.Mechanism.model_fields["fail_mode"].annotation), words.FAIL_MODES),
        (typing.get_args(Configuration.model_fields["credential_mode"].annotation), words.CREDENTIALS),
        (Links.model_fields, words.LINKS),
        (typing.get_args(Kind), words.CLEARS),
    ],
)
def test_every_word_of_the_registry_has_a_name(known, named):
    assert set(named) == set(known)


def test_a_registry_of_the_size_that_is_coming_takes_no_two_seconds():
    provider = [f"p{number}/{name}" for number in range(65) for name in ("zdr", "default", "eu")]
    models = [{"id": f"m{number}", "context": 1000, "features": ["stream", "tools"]} for number in range(12)]
    large = registry(*(configuration(name, models=models) for name in provider))
    before = time.process_time()
    made = pages(large, DAY)
    assert time.process_time() - before < 2
    assert len(made) == 65 + 5
