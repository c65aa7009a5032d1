from __future__ import annotations

from pathlib import Path

import pytest

from zdr_router.cli.manual import pages, write

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_generated_page_is_what_the_code_says(name):
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run: python -m zdr_router.cli.manual docs"


@pytest.mark.parametrize("folder", ["rules", "contract"])
def test_no_page_of_a_rule_or_a_check_is_left_over(folder):
    made = {name for name in pages() if name.startswith(f"{folder}/")}
    assert {f"{folder}/{each.name}" for each in (DOCS / folder).glob("*.md")} == made


def test_the_pages_are_the_same_whatever_the_terminal(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "40")
    write(tmp_path)
    assert (tmp_path / "cli.md").read_text(encoding="utf-8") == (DOCS / "cli.md").read_text(encoding="utf-8")
