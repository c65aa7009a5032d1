from __future__ import annotations

import json

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry

PROVIDER = """\
schema: 1
provider: {{id: example, name: Example, legal_entity: "Example, Inc.", country: US}}
configurations:
"""
CONFIGURATION = """\
  - id: example/{name}
    title: Example
    hosts: ["https://api.example.com/v1"]
    endpoints: [chat.completions]
    mechanism: {{kind: default}}
    flags: {{}}
    attestation:
      observed: {observed}
      expires: {expires}
      evidence:
        - {{kind: terms, url: "https://example.com/terms", locator: section 4, observed: {observed}, confidence: high}}
"""


@pytest.fixture
def providers(tmp_path, day):
    """Two configurations that were read 50 days ago, for 60 days."""
    text = PROVIDER.format() + "".join(
        CONFIGURATION.format(name=name, observed=day(-50), expires=day(10)) for name in ("zdr", "other")
    )
    path = tmp_path / "example.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def renew(zdr, providers, tmp_path):
    def run(name="example/zdr", *more, by="A. Reader, security"):
        overlay = tmp_path / "overlay.yaml"
        args = ("--providers", providers, "--reviewed-by", by, "-o", overlay, "--yes", *more)
        return zdr("registry", "renew", name, *args)

    return run


def attestation(providers, tmp_path, name="example/zdr"):
    return Registry.load([providers], [tmp_path / "overlay.yaml"]).configurations[name].attestation


def test_an_overlay_moves_the_dates_by_the_span_that_was_declared(renew, providers, tmp_path, day):
    result = renew()
    assert result.exit_code == Code.DONE
    renewed = attestation(providers, tmp_path)
    assert (str(renewed.observed), str(renewed.expires)) == (day(0), day(60))
    assert renewed.reviewed_by == "A. Reader, security"
    assert "https://example.com/terms: section 4" in result.stderr


def test_the_day_of_the_reading_can_be_given(renew, providers, tmp_path, day):
    assert renew("example/zdr", "--observed", day(-2)).exit_code == Code.DONE
    assert str(attestation(providers, tmp_path).expires) == day(58)


def test_a_second_configuration_is_added_and_the_rest_of_the_file_stays(renew, providers, tmp_path, day):
    renew()
    overlay = tmp_path / "overlay.yaml"
    before = overlay.read_text(encoding="utf-8") + "    # read together with the contract\n"
    overlay.write_text(before, encoding="utf-8")
    assert renew("example/other").exit_code == Code.DONE
    after = overlay.read_text(encoding="utf-8")
    assert "# read together with the contract" in after
    assert all(line in after.splitlines() for line in before.splitlines())
    for name in ("example/zdr", "example/other"):
        assert str(attestation(providers, tmp_path, name).observed) == day(0)


def test_an_older_renewal_is_replaced(renew, providers, tmp_path, day):
    renew("example/zdr", "--observed", day(-20))
    assert renew().exit_code == Code.DONE
    assert str(attestation(providers, tmp_path).observed) == day(0)
    assert (tmp_path / "overlay.yaml").read_text(encoding="utf-8").count("example/zdr") == 1


def test_one_overlay_has_one_reviewer(renew, tmp_path):
    renew()
    before = (tmp_path / "overlay.yaml").read_bytes()
    result = renew("example/other", by="B. Reader")
    assert result.exit_code == Code.CONFIGURATION
    assert "stands for A. Reader, security" in result.stderr
    assert (tmp_path / "overlay.yaml").read_bytes() == before


def test_json_says_what_was_renewed(renew, day):
    document = json.loads(renew("example/zdr", "--json").stdout)
    assert (document["configuration"], document["observed"], document["expires"]) == ("example/zdr", day(0), day(60))


@pytest.mark.parametrize(("offset", "sentence"), [(1, "lies in the future"), (-50, "not later than the reading")])
def test_a_day_that_renews_nothing_is_bad_usage(renew, day, offset, sentence):
    result = renew("example/zdr", "--observed", day(offset))
    assert result.exit_code == Code.USAGE
    assert sentence in result.stderr


def test_an_unknown_configuration_cannot_be_renewed(renew):
    assert renew("example/zero").exit_code == Code.USAGE


def test_what_does_not_lapse_cannot_be_renewed(zdr, tmp_path):
    result = zdr("registry", "renew", "llama-cpp/self-operated", "--reviewed-by", "me", "-o", tmp_path / "o.yaml")
    assert result.exit_code == Code.USAGE
    assert "attested for a range of versions" in result.stderr
    assert not (tmp_path / "o.yaml").exists()


def test_nobody_cannot_vouch_for_a_reading(zdr, providers, tmp_path):
    args = ("--providers", providers, "--reviewed-by", " ", "-o", tmp_path / "o.yaml", "--yes")
    result = zdr("registry", "renew", "example/zdr", *args)
    assert result.exit_code == Code.USAGE
    assert "--reviewed-by is empty" in result.stderr


def test_without_a_terminal_nobody_vouches_for_the_reading(zdr, providers, tmp_path):
    overlay = tmp_path / "o.yaml"
    args = ("--providers", providers, "--reviewed-by", "me", "-o", overlay)
    result = zdr("registry", "renew", "example/zdr", *args, stdin="y\n")
    assert result.exit_code == Code.USAGE
    assert "--yes" in result.stderr
    assert not overlay.exists()


@pytest.mark.parametrize("text", ["schema: 1\n", "- no overlay\n", "not: [yaml\n"])
def test_a_file_that_is_no_overlay_is_left_as_it_is(renew, tmp_path, text):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(text, encoding="utf-8")
    result = renew()
    assert result.exit_code == Code.CONFIGURATION
    assert "overlay.yaml" in result.stderr
    assert overlay.read_text(encoding="utf-8") == text


def test_a_folder_that_is_not_there_is_an_error(zdr, providers, tmp_path):
    overlay = tmp_path / "absent" / "overlay.yaml"
    args = ("--providers", providers, "--reviewed-by", "me", "-o", overlay, "--yes")
    result = zdr("registry", "renew", "example/zdr", *args)
    assert result.exit_code == Code.CONFIGURATION
    assert "No such file or directory" in result.stderr
