"""Whatever docs/claims.md names as its basis exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith('| "')]


def test_each_claim_has_a_basis_a_check_and_a_limit():
    assert len(ROWS) >= 8
    for row in ROWS:
        assert len(row) == 4, row[0]
        assert all(row)
        assert "tests/" in row[2], f"{row[0]} is checked by no test"


def test_the_tests_that_it_names_exist():
    named = set(re.findall(r"`(tests/[^`]+)`", PAGE))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert all("def test_" in (ROOT / name).read_text(encoding="utf-8") for name in named)


def test_the_pages_that_it_names_exist():
    named = set(re.findall(r"\]\(([^)]+)\)", PAGE))
    assert named
    assert [name for name in sorted(named) if not (ROOT / "docs" / name).is_file()] == []


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`zdr ([a-z ]+)`", PAGE))))
def test_the_commands_that_it_names_exist(command):
    run = [sys.executable, "-m", "zdr_router", *command.split(), "--help"]
    assert subprocess.run(run, capture_output=True, check=False).returncode == 0


def test_it_names_no_word_that_is_not_used_lightly_in_a_claim():
    claims = " ".join(row[0] for row in ROWS).lower()
    for word in ("complian", "guarant", "prove", "certif", "anonym", "never", "nothing"):
        assert word not in claims
