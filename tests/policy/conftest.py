"""One small, sound world, which each test damages in one place, and ways to have it cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from strategies import Case, one_sound_case
from world import World

from zdr_router.policy.clearance import Clearance
from zdr_router.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zdr_router.metadata import Refusal


@pytest.fixture
def case() -> Case:
    return one_sound_case()


@pytest.fixture
def configuration(case: Case) -> dict:
    return case.configurations[0]


@pytest.fixture
def account(case: Case) -> dict:
    return case.operator["accounts"]["main"]


@pytest.fixture
def clear(case: Case, tmp_path: Path) -> Callable[[], Clearance | tuple[Refusal, ...]]:
    """Clears the only target; facts are read from a real file, so that refusals can point into it."""

    def clear_it() -> Clearance | tuple[Refusal, ...]:
        file = tmp_path / "p0.yaml"
        file.write_text(yaml.safe_dump(case.provider_files[0], sort_keys=False), encoding="utf-8")
        (verdict,) = World(case, Registry.load([file]).sources).clear_all().values()
        return verdict

    return clear_it


@pytest.fixture
def cleared(clear: Callable[[], Clearance | tuple[Refusal, ...]]) -> Callable[[], Clearance]:
    def cleared_it() -> Clearance:
        verdict = clear()
        assert isinstance(verdict, Clearance), verdict
        return verdict

    return cleared_it


@pytest.fixture
def refusals(clear: Callable[[], Clearance | tuple[Refusal, ...]]) -> Callable[[], list[str]]:
    """The ids of all refusals, sorted; empty when the target was cleared."""

    def ids() -> list[str]:
        verdict = clear()
        return [] if isinstance(verdict, Clearance) else sorted(refusal.id for refusal in verdict)

    return ids
