from __future__ import annotations

import importlib.metadata

import pytest


@pytest.fixture
def litellm(monkeypatch):
    def install(version):
        def known(name):
            assert name == "litellm"
            if version is None:
                raise importlib.metadata.PackageNotFoundError
            return version

        monkeypatch.setattr(importlib.metadata, "version", known)

    return install


@pytest.mark.parametrize(
    ("version", "litellm_is"),
    [
        ("1.106.1", "1.106.1 was not tested"),
        ("1.107.1", "1.107.1 was not tested"),
        ("next", "next was not tested"),
        (None, "is not installed"),
    ],
)
def test_another_version_is_warned_of_where_it_is_needed(find_in_file, configuration, litellm, version, litellm_is):
    litellm(version)
    assert find_in_file("ZDR931") == []
    configuration["dialect"] = "litellm:anthropic"
    (finding,) = find_in_file("ZDR931")
    assert finding.level == "warning"
    assert finding.sentence == f"its dialect is litellm:anthropic, and litellm {litellm_is}"


def test_it_is_the_account_that_needs_it(find_in_file, configuration, litellm, line_of):
    litellm(None)
    configuration["dialect"] = "litellm:anthropic"
    (finding,) = find_in_file("ZDR931")
    assert (finding.subject, finding.where) == ("account main", line_of('"main"', "zdr.yaml"))


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8", "1.107.0"])
def test_a_malicious_release_is_an_error_wherever_it_is(find_in_file, litellm, line_of, version):
    litellm(version)
    (finding,) = find_in_file("ZDR931")
    assert finding.level == "error"
    assert f"litellm {version} is installed" in finding.sentence
    assert finding.where == line_of('"accounts"', "zdr.yaml")


def test_the_tested_range_is_right(find_in_file, configuration, litellm):
    litellm("1.106.9")
    configuration["dialect"] = "litellm:anthropic"
    assert find_in_file("ZDR931") == []


def test_a_registry_alone_says_nothing_of_what_is_installed(find, litellm):
    litellm("1.82.8")
    assert find("ZDR931") == []
