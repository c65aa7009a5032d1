"""What README and the pages show is run: a block after `<!-- test: … -->` has to do what the page says."""

from __future__ import annotations

import datetime as dt
import logging
import re
from pathlib import Path

import pytest
from pydantic import RootModel

from zdr_router import Account, Policy, Registry
from zdr_router.policy.secrets import PARTS
from zdr_router.registry import strict_yaml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"<!-- test: ([a-z. ]+) -->\n```[a-z]+\n(.*?)```", re.DOTALL)


class Accounts(RootModel[dict[str, Account]]):
    """The section `accounts` of an operator's file."""


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def dated(text: str) -> str:
    """The operator's file as it would be written today: its grants are stated anew."""
    today = dt.date.today()  # noqa: DTZ011 - grants are whole days, a day's slack on either side
    since, until = today - dt.timedelta(days=1), today + dt.timedelta(days=30)
    return re.sub(r"since: \S+, until: [0-9-]+", f"since: {since}, until: {until}", text)


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_the_registry_is_as_large_as_is_said(name):
    text, registry = (ROOT / name).read_text(encoding="utf-8"), Registry.shipped()
    assert re.findall(r"\b(\d+) (?:of them|providers)\b", text) == [str(len(registry.providers))]
    assert re.findall(r"\b(\d+) configurations\b", text) == [str(len(registry.configurations))]


def test_the_pages_have_blocks_that_are_run():
    assert len(blocks(ROOT / "README.md")) >= 3
    assert blocks(ROOT / "docs" / "policy.md")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_in_order(page, tmp_path, monkeypatch, model_server, capsys):
    monkeypatch.chdir(tmp_path)
    log = logging.getLogger("zdr_router")  # what a page does to it is undone
    monkeypatch.setattr(log, "handlers", [*log.handlers])
    monkeypatch.setattr(log, "level", log.level)
    for directive, code in blocks(page):
        if directive.startswith("write "):
            text = dated(code).replace("http://127.0.0.1:8081/v1", model_server.base_url)
            Path(directive.removeprefix("write ")).write_text(text, encoding="utf-8")
        elif directive == "policy":
            document = strict_yaml.parse(code.encode(), page.name)
            assert document.validate(Policy).complete().minimum_grade == "contracted"
        elif directive == "accounts":
            accounts = strict_yaml.parse(code.encode(), page.name).validate(Accounts).root
            made_for = {
                auth for auth in PARTS for each in accounts.values() if each.credentials and not each.misfit(auth)
            }
            assert made_for == PARTS.keys()
        else:
            assert directive == "run"
            exec(compile(code, page.name, "exec"), {"__name__": "__main__"})  # noqa: S102 - the page's own code
    if page.name == "README.md":
        shown = capsys.readouterr().out
        assert "red, blue and yellow" in shown
        assert "local/gemma-3-270m sha256:" in shown
        assert "ZDR603 local/gemma-3-270m: the request uses store" in shown


def test_python_blocks_without_a_directive_at_least_compile():
    for page in PAGES:
        for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            compile(code, page.name, "exec")
