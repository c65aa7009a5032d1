from __future__ import annotations

import pytest

from zdr_router.conformance.book import check
from zdr_router.conformance.subject import Subject

# Put together here, so that no scanner takes this file for what it looks for.
TAIL = "a1B2c3D4e5" * 4
SECRETS = {
    "an API key": "sk-" + "proj-" + TAIL,
    "a Google API key": "AI" + "za" + TAIL[:35],
    "an AWS access key": "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "a signed token": "ey" + "J" + TAIL + ".ey" + "J" + TAIL,
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a password in an address": "https://user:" + "pass@" + "example.com/",
    "a secret": "password: " + TAIL,
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_a_comment_of_a_provider_file_is_an_error_that_does_not_repeat_it(registry, kind):
    path = registry()
    path.write_text(f"# one\n# was {SECRETS[kind]}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    found = [each for each in check(Subject.of_registry([path])).findings if each.id == "ZDR917"]
    (finding,) = found
    assert (finding.level, finding.where) == ("error", f"{path}:2")
    assert kind in finding.sentence
    assert SECRETS[kind] not in f"{finding}"


def test_a_secret_in_an_operators_file_is_an_error(find_in_file, operator, line_of):
    operator["accounts"]["main"]["grant"]["reference"] = SECRETS["an API key"]
    (finding,) = find_in_file("ZDR917")
    assert finding.where == line_of('"reference"', "zdr.yaml")


def test_a_secret_in_an_overlay_is_an_error(find_in_file, operator, tmp_path):
    text = f"schema: 1\noverlay: {{reviewed_by: me}}\nconfigurations:\n  - id: example/zdr # {SECRETS['an API key']}\n"
    (tmp_path / "overlay.yaml").write_text(text + "    title: Ours\n", encoding="utf-8")
    operator["registry"]["overlays"] = ["overlay.yaml"]
    (finding,) = find_in_file("ZDR917")
    assert finding.where == f"{tmp_path / 'overlay.yaml'}:4"


@pytest.mark.parametrize(
    "words",
    [
        "hf-inference-providers-are-another-page",
        "sk-is-how-their-keys-begin-everywhere",
        "token: the_name_of_a_parameter_and_nothing_else",
        "https://docs.example.com/password-reset-for-everybody",
    ],
)
def test_words_are_no_secrets(find, configuration, words):
    configuration["attestation"]["evidence"][0]["locator"] = words
    assert find("ZDR917") == []


def test_a_fingerprint_a_name_of_a_variable_and_an_address_are_no_secrets(find_in_file, operator):
    operator["accounts"]["main"]["grant"]["reference"] = "CHG-4812, see https://example.com:8443/a?b=c@d"
    operator["accounts"]["main"]["api_key"] = {"env": "EXAMPLE_KEY_OF_THE_PRODUCTION_ACCOUNT_2026"}
    assert find_in_file("ZDR917") == []
