"""Which litellm may be loaded."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from zdr_router import ConfigError
from zdr_router.dialects.litellm.versions import check_version
from zdr_router.dialects.versions import LITELLM_BAD, installed, was_tested

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", ["1.106.2", "1.106.9"])
def test_what_was_tested_may_be_loaded(version):
    check_version(version)


@pytest.mark.parametrize("version", ["1.106.1", "1.107.1", "2.0.0", "1.82.9"])
def test_what_was_not_tested_may_not(version):
    with pytest.raises(ConfigError, match=rf'litellm {version} is installed.*install "zdr-router\[litellm\]"'):
        check_version(version)


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8", "1.107.0"])
def test_releases_that_stole_are_refused_by_name(version):
    with pytest.raises(
        ConfigError, match=rf"litellm {version} is installed, a .*malicious.*; treat every secret .* as known"
    ):
        check_version(version)
    assert version in LITELLM_BAD


def test_what_is_missing_is_named_with_its_extra():
    with pytest.raises(ConfigError, match=r'litellm is not installed; install "zdr-router\[litellm\]"'):
        check_version(None)


def test_the_extra_says_the_same():
    (extra,) = map(Requirement, PROJECT["project"]["optional-dependencies"]["litellm"])
    for version in ("1.106.1", "1.106.2", "1.106.3", "1.107.0", "1.82.7"):
        allowed = was_tested(version) and version not in LITELLM_BAD
        assert (version in extra.specifier) is allowed, version
    assert {"1.82.7", "1.82.8"} <= {each.version for each in extra.specifier if each.operator == "!="}


def test_the_version_is_read_without_an_import():
    assert installed() == "1.106.2"
