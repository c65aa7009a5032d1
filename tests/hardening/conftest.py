import sys

import here
import pytest

from zdr_router.hardening.allocator import is_glibc


@pytest.fixture(autouse=True)
def _glibc():
    if sys.platform != "linux" or not is_glibc():
        here.lacking("only a process on Linux with glibc can be hardened", "run this there")
