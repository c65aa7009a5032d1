"""What docs/ci.md shows is there: the hooks, the inputs of the action, the fixtures."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from zdr_router import pytest_plugin

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def block(name):
    return yaml.safe_load(re.search(rf"<!-- {name} -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)[1])


def test_every_hook_is_shown():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    shown = [hook["id"] for repository in block("hooks")["repos"] for hook in repository["hooks"]]
    assert shown == [hook["id"] for hook in hooks]


def test_every_input_of_the_action_is_explained():
    (_, step) = block("action")["steps"]
    assert set(step["with"]) <= set(ACTION["inputs"])
    table = PAGE[PAGE.index("| input |") :]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(ACTION["inputs"])


def test_every_fixture_is_explained():
    for name in ("zdr_registry", "zdr_policy", "zdr_leaks"):
        assert hasattr(pytest_plugin, name)
        assert f"| `{name}` |" in PAGE
