from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time

import pytest
from here import needs_extra
from redis_server import RedisServer

from zdr_router.errors import ConfigError
from zdr_router.sealed import Sealed
from zdr_router.state.redis_link import connect, end
from zdr_router.state.settings import RedisSettings

needs_extra("redis", "redis")

from redis.exceptions import RedisError  # noqa: E402 - only where the extra is

CONFIG = """
[req]
distinguished_name = name
x509_extensions = ext
prompt = no
[name]
CN = 127.0.0.1
[ext]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:true
"""


async def pings(settings: RedisSettings, *, within: float = 1.0) -> bool:
    client = connect(settings, timeout=within)
    try:
        return bool(await client.ping())
    finally:
        await client.aclose()


async def test_a_server_answers(tmp_path):
    with RedisServer(tmp_path) as server:
        assert await pings(RedisSettings(server.url))


@pytest.mark.parametrize("username", [None, "default"])
async def test_credentials_are_given_at_connecting_and_shown_nowhere(tmp_path, username):
    server = RedisServer(tmp_path)
    server.options = ("--port", str(server.port), "--requirepass", "geheim")
    with server:
        settings = RedisSettings(server.url, username, Sealed("geheim"))
        client = connect(settings)
        assert await client.ping()
        assert "geheim" not in repr(client) + repr(client.connection_pool) + repr(settings)
        await client.aclose()
        with pytest.raises(RedisError):
            await pings(RedisSettings(server.url))


async def test_a_paused_server_is_waited_for_no_longer_than_the_timeout(tmp_path):
    with RedisServer(tmp_path) as server:
        server.pause()
        began = time.monotonic()
        with pytest.raises(RedisError):
            await pings(RedisSettings(server.url), within=0.2)
        assert time.monotonic() - began < 1


async def test_a_client_goes_on_after_the_server_came_back(tmp_path):
    with RedisServer(tmp_path) as server:
        client = connect(RedisSettings(server.url))
        await client.ping()
        server.kill()
        with pytest.raises(RedisError):
            await client.ping()
        server.start()
        assert await client.ping()
        await client.aclose()


@pytest.fixture
def identity(tmp_path):
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    (tmp_path / "openssl.cnf").write_text(CONFIG)
    openssl = shutil.which("openssl")
    assert openssl, "this test makes its certificate with openssl"
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    asked = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command = [*asked, "-config", tmp_path / "openssl.cnf", "-out", certificate, "-keyout", key]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


async def test_tls_is_verified_against_the_named_file_whatever_the_environment_says(tmp_path, monkeypatch, identity):
    certificate, key = identity
    server = RedisServer(tmp_path)
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate))
    server.options = ("--port", "0", "--tls-port", str(server.port), "--tls-auth-clients", "no", *files)
    with server:
        url = f"rediss://127.0.0.1:{server.port}"
        assert await pings(RedisSettings(url, ca_file=str(certificate)))
        # What the environment trusts counts for nothing, and neither does a name that the certificate does not have.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        for settings in (
            RedisSettings(url),
            RedisSettings(f"rediss://localhost:{server.port}", ca_file=str(certificate)),
        ):
            with pytest.raises((RedisError, OSError)):
                await pings(settings)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:6379", "redis://:geheim@127.0.0.1", "redis://", "redis://h:port", "redis://h/x", "h:1"]
)
def test_what_is_no_address_is_an_error_that_names_the_place_and_not_the_address(url):
    with pytest.raises(ConfigError) as caught:
        connect(RedisSettings(url, source="zdr.yaml:7"))
    assert caught.value.problems[0].where == "zdr.yaml:7"
    assert "geheim" not in str(caught.value)


def test_without_the_package_the_error_names_the_extra_and_the_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigError) as caught:
        connect(RedisSettings("redis://127.0.0.1", source="zdr.yaml:7"))
    assert caught.value.problems[0].where == "zdr.yaml:7"
    assert "zdr-router[redis]" in caught.value.problems[0].fix


async def test_a_task_ends_also_where_a_library_forgets_that_it_was_cancelled():
    forgotten: list[int] = []

    async def forgetful() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if forgotten:
                    raise
                forgotten.append(1)

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(task)
    assert task.cancelled()
    assert forgotten


async def test_what_a_task_had_failed_with_is_raised_as_it_is_ended():
    async def failing() -> None:
        raise LookupError

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    with pytest.raises(LookupError):
        await end(task)
