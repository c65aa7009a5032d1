"""Fixtures for the tests of a host: the registry and the policy of its operator's file, and the leak kit.

Loaded in every run of pytest on a machine that has the package, so it imports nothing before a fixture is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from zdr_router.conformance.leaks.kit import Kit
    from zdr_router.deployment import Deployment
    from zdr_router.policy.policy import Policy
    from zdr_router.registry import Registry

_OPTION = "zdr_config"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--zdr-config FILE`, and `zdr_config` in the ini file, relative to that file."""
    group = parser.getgroup("zdr", "zdr-router")
    group.addoption("--zdr-config", metavar="FILE", help="The operator's file that the zdr_ fixtures are of.")
    parser.addini(_OPTION, "The operator's file that the zdr_ fixtures are of.", type="string", default="")


@pytest.fixture(scope="session")
def zdr_registry(pytestconfig: pytest.Config) -> Registry:
    """The registry of the operator's file, with its own providers and overlays; without one, what is shipped."""
    if _path(pytestconfig) is not None:
        return _deployment(pytestconfig).registry

    from zdr_router.registry import Registry  # noqa: PLC0415 - only a session that asks for it pays for it

    return Registry.shipped()


@pytest.fixture(scope="session")
def zdr_policy(pytestconfig: pytest.Config) -> Policy:
    """The host's policy of the operator's file, completed by the strictest defaults. Fails without a file."""
    if _path(pytestconfig) is None:
        pytest.fail("zdr_policy needs an operator's file: give --zdr-config FILE, or zdr_config in the ini file")
    return _deployment(pytestconfig).policies[None]


@pytest.fixture
def zdr_leaks() -> Kit:
    """Plants words, drives a library, an application or a command, and says where they stayed; docs/leaks.md."""
    from zdr_router.conformance.leaks.kit import Kit  # noqa: PLC0415 - as above

    return Kit()


_DEPLOYMENT: pytest.StashKey[Deployment] = pytest.StashKey()


def _deployment(config: pytest.Config) -> Deployment:
    """What the operator's file comes to, read once in a session. Raises `ConfigError`."""
    if _DEPLOYMENT not in config.stash:
        from zdr_router.config import load  # noqa: PLC0415 - as above

        config.stash[_DEPLOYMENT] = load(_path(config) or Path())
    return config.stash[_DEPLOYMENT]


def _path(config: pytest.Config) -> Path | None:
    """The option counts from where pytest was called, the ini value from the ini file's folder."""
    given: str | None = config.getoption(_OPTION)
    if given:
        return config.invocation_params.dir / given
    written: str = config.getini(_OPTION)
    return config.rootpath / written if written else None
