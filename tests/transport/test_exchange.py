"""The inner parts of aiohttp that the transport leans on are used only where their version is known."""

from __future__ import annotations

import tomllib
from pathlib import Path

import aiohttp
import pytest
from packaging.requirements import Requirement

from zdr_router.errors import ConfigError
from zdr_router.transport.aiohttp import AiohttpTransport
from zdr_router.transport.exchange import SUPPORTED, check_version
from zdr_router.transport.settings import TransportSettings

ROOT = Path(__file__).parents[2]


def test_the_project_asks_for_the_versions_that_the_transport_knows():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    asked = {each.name: each.specifier for each in map(Requirement, declared)}
    assert asked["aiohttp"] == SUPPORTED


@pytest.mark.parametrize("version", ["3.14.0", "3.14.5", "3.14.99"])
def test_a_fix_of_the_known_version_is_accepted(version):
    check_version(version)


@pytest.mark.parametrize("version", ["3.13.9", "3.15.0", "3.15.0b1", "4.0.0"])
async def test_another_version_is_a_configuration_error_before_anything_is_sent(monkeypatch, version):
    monkeypatch.setattr(aiohttp, "__version__", version)
    with pytest.raises(ConfigError, match=rf'aiohttp {version}.*; install "aiohttp'):
        await AiohttpTransport(TransportSettings()).__aenter__()


def test_no_other_module_of_the_transport_leans_on_inner_parts():
    inner = ("client_proto", "aiohttp.connector", "ClientRequest", "set_response_params", "should_close")
    for path in (ROOT / "src/zdr_router/transport").glob("*.py"):
        if path.name != "exchange.py":
            assert [word for word in inner if word in path.read_text()] == [], path.name
