"""What docs/health.md shows of settings is what they are."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from zdr_router.entries import HealthEntry, StateEntry
from zdr_router.registry.base import Declared
from zdr_router.registry.strict_yaml import parse
from zdr_router.routing.settings import HealthSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs/health.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ROWS = dict(re.findall(r"^\| `(\w+)` \|.*\| (\S+) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", ROWS)
def test_a_setting_is_what_the_table_says(name):
    given = ROWS[name].strip("`")
    entry = HealthEntry.model_validate({name: given if given[-1] in "sm" else json.loads(given)})
    assert getattr(entry, name) == getattr(HealthEntry(), name) == asdict(HealthSettings())[name]


def test_every_setting_that_ejects_is_in_the_table():
    assert set(ROWS) == set(asdict(HealthSettings())) - {"retry_share"}


class Shown(Declared):
    """The parts of `zdr.yaml` that the page shows."""

    health: HealthEntry = HealthEntry()
    state: StateEntry = StateEntry()


def test_what_the_page_shows_can_be_written():
    shown = [parse(block.encode(), "docs/health.md").validate(Shown) for block in BLOCKS]
    assert len(shown) == 2
    assert shown[0].health.longest_ejection == 120.0
    assert shown[1].state.health.redis.url.startswith("rediss://")
