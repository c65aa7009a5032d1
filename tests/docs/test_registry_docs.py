"""Every example in docs/registry.md is loaded, and ends as the page says; every key is on the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from zdr_router.errors import ConfigError
from zdr_router.registry import Registry, conditions, configuration, facts, overlay, shipped_directory
from zdr_router.registry.base import Declared

PAGE = Path(__file__).resolve().parents[2] / "docs" / "registry.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"<!-- example: (provider|overlay|invalid)(?: ([^\n]+))? -->\n```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
EXAMPLES = EXAMPLE.findall(TEXT)


def load(tmp_path, text):
    file = tmp_path / "example.yaml"
    file.write_text(text, encoding="utf-8")
    if re.search(r"^overlay:", text, re.MULTILINE):
        return Registry.load([shipped_directory()], overlays=[file])
    return Registry.load([file])


def examples(kind):
    found = [(sentence, text) for each, sentence, text in EXAMPLES if each == kind]
    return pytest.mark.parametrize(("sentence", "text"), found, ids=[str(number) for number in range(len(found))])


def test_every_yaml_block_says_what_becomes_of_it():
    assert len(EXAMPLES) == len(re.findall(r"^```yaml$", TEXT, re.MULTILINE))
    assert {kind for kind, _, _ in EXAMPLES} == {"provider", "overlay", "invalid"}


@examples("provider")
def test_a_provider_example_loads_on_its_own(tmp_path, sentence, text):
    assert sentence == ""
    assert len(load(tmp_path, text).providers) == 1


@examples("overlay")
def test_an_overlay_example_changes_the_shipped_registry(tmp_path, sentence, text):
    assert sentence == ""
    changed = load(tmp_path, text)
    assert changed.digest != Registry.shipped().digest
    assert set(changed.configurations) == set(Registry.shipped().configurations)


@examples("invalid")
def test_an_invalid_example_fails_with_the_sentence_above_it(tmp_path, sentence, text):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert sentence
    assert sentence in str(caught.value)
    assert f"{tmp_path / 'example.yaml'}:" in str(caught.value)


def test_only_a_declared_loosening_stains_the_registry(tmp_path):
    overlays = [load(tmp_path, text) for kind, _, text in EXAMPLES if kind == "overlay"]
    assert [sorted(changed.unsafe) for changed in overlays] == [[], [], ["groq/zdr"]]


def test_a_renewed_attestation_names_its_reviewer(tmp_path):
    renewal = next(text for kind, _, text in EXAMPLES if kind == "overlay")
    assert load(tmp_path, renewal).configurations["groq/zdr"].attestation.reviewed_by == "A. Reader, security"


def declared_keys():
    models = [
        model
        for module in (conditions, facts, configuration, overlay)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Declared) and model.model_fields
    ]
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


@pytest.mark.parametrize("key", declared_keys())
def test_every_key_is_explained(key):
    assert f"`{key}`" in TEXT


CLOSED = (facts.MechanismKind, facts.ScopeKind, facts.Trigger, facts.When, facts.Capability, facts.Medium, facts.Word)


@pytest.mark.parametrize("word", sorted({word for closed in CLOSED for word in get_args(closed)}))
def test_every_word_of_a_closed_list_is_explained(word):
    assert f"`{word}`" in TEXT


def test_a_digest_changes_with_a_fact_and_not_with_how_it_is_written(tmp_path):
    text = next(text for kind, _, text in EXAMPLES if kind == "provider")
    before = load(tmp_path, text).digests["example/zdr"]
    spelled_out = text.replace(
        "    dialect: openai\n", "    private_network: false\n    tier: any\n    dialect: openai\n"
    )
    assert load(tmp_path, spelled_out).digests["example/zdr"] == before
    assert load(tmp_path, text.replace("human_review: no", "human_review: unknown")).digests["example/zdr"] != before
