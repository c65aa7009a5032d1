from __future__ import annotations

import pytest
from here import lacking, needs, needs_extra


def test_what_is_missing_is_skipped_with_what_to_do(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"there is no loom; buy one"):
        lacking("there is no loom", "buy one")
    with pytest.raises(
        pytest.skip.Exception, match=r"^no_such_module cannot be imported; pip install 'zdr-router\[x\]'"
    ):
        needs_extra("x", "json", "no_such_module")


def test_what_is_missing_fails_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="in CI this must be tested: no_such_module cannot be imported"):
        needs("no_such_module", fix="")


def test_what_is_here_is_no_matter(monkeypatch):
    monkeypatch.setenv("CI", "true")
    needs("json", "email.message", fix="")
