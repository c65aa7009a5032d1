"""The pages of a registry in which everything occurs, and those of the shipped one."""

from __future__ import annotations

import pytest
from catalogue import DAY, everything, read

from zdr_router.registry import Registry
from zdr_router.site.folder import write
from zdr_router.site.pages import pages


@pytest.fixture(scope="session")
def made():
    return pages(everything(), DAY)


@pytest.fixture(scope="session")
def shipped():
    return pages(Registry.shipped(), DAY)


@pytest.fixture(scope="session", params=["made", "shipped"])
def readings(request):
    """The pages of the registry in which everything occurs, then of the shipped one."""
    return read(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def folder(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("catalogue") / "out"
    write(made, out)
    return out
