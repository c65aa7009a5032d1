"""The transports that the tests are about, and a certificate for the servers they call."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from certificates import openssl, self_signed

from zdr_router.transport.aiohttp import AiohttpTransport
from zdr_router.transport.settings import TransportSettings


@pytest.fixture(params=[AiohttpTransport], ids=["aiohttp"])
def make(request):
    """How the transport under test is made from settings."""
    return request.param


@pytest.fixture
async def transport(make):
    async with make(TransportSettings(connect_timeout=0.5, max_response_bytes=1_000_000)) as opened:
        yield opened


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = self_signed(folder)
    by_hash = folder / "by-hash"
    by_hash.mkdir()
    (by_hash / f"{openssl('x509', '-hash', '-noout', '-in', made.path).strip()}.0").symlink_to(made.path)
    return SimpleNamespace(certificate=made.path, folder=str(by_hash), context=made.context)


@pytest.fixture(scope="session")
def expired(tmp_path_factory):
    """A certificate whose time is over."""
    return self_signed(tmp_path_factory.mktemp("expired"), days=-1)
