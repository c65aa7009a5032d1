from __future__ import annotations

import importlib.metadata

import pytest

from zdr_router.dialects.versions import LITELLM_BAD, installed, was_tested


@pytest.mark.parametrize(
    ("version", "inside"),
    [
        ("1.106.2", True),
        ("1.106.10", True),
        ("1.106.1", False),
        ("1.107.0", False),
        ("2.0", False),
        ("new", False),
        (None, False),
    ],
)
def test_the_tested_range_ends_where_nobody_has_read_on(version, inside):
    assert was_tested(version) is inside


def test_no_bad_release_lies_in_the_tested_range():
    assert LITELLM_BAD
    assert not any(map(was_tested, LITELLM_BAD))


def test_what_is_installed_is_told_without_importing_it(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} 1")
    assert installed() == "litellm 1"

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert installed() is None
