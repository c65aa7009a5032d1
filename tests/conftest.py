"""What all tests share: how hypothesis runs, and where the common modules of the tests are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    import pytest

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the transport and the leak kit come first: many look at every live object, and there are more later.

    Then come the files that take longest: one that began last would leave the other cores with nothing to do.
    """
    items.sort(key=lambda item: (item.path.parent.name not in {"transport", "leaks"}, item.path.name not in _LONG))
