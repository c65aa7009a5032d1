from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def litellm_loaded():
    from litellm_library import library  # noqa: PLC0415 - where the common modules of the tests are is known by now

    library()
