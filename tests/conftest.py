"""What all tests share: how hypothesis runs, and where the common modules of the tests are."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# `judge`, `strategies` and `world` serve tests of several rooms.
sys.path.insert(0, str(Path(__file__).parent))

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# ci: the same examples every time, so a red build is red again. dev: new ones each time, and more of them.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=120, suppress_health_check=_SLOW)
settings.register_profile("dev", deadline=None, max_examples=600, suppress_health_check=_SLOW)
# mutation: whether an example fails is all that counts, not the smallest one that does.
settings.register_profile("mutation", parent=settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


_LONG = {"test_residue.py", "test_simulation.py", "test_soak.py"}


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A server that is started in the tests' own process takes loggers over, for as long as that lasts."""
    loggers = [logging.getLogger(name) for name in ("zdr_router", "zdr_router.requests", "uvicorn.error", "asyncio")]
    before = [(logger, logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the transport and the leak kit come first: many look at every live object, and there are more later.

    Then come the files that take longest: one that began last would leave the other cores with nothing to do.
    """
    items.sort(key=lambda item: (item.path.parent.name not in {"transport", "leaks"}, item.path.name not in _LONG))
