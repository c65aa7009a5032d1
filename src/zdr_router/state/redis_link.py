"""How a Redis or Valkey server is reached: quickly or not at all, and never as the environment says.

Nothing is tried a second time here and nobody waits long: whoever asks knows better what its absence means.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from zdr_router.errors import ConfigError, Problem
from zdr_router.tls import client_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from redis.asyncio import Connection, Redis

    from zdr_router.state.settings import RedisSettings

_PORT: Final = 6379
_CONNECTIONS: Final = 8
_ASK_AGAIN: Final = 0.05


def connect(settings: RedisSettings, *, timeout: float = 1.0) -> Redis:
    """A client that connects when it is first used; `timeout` (seconds) bounds each connecting and each answer.

    Answers are bytes. Close it with `await client.aclose()`. Raises `ConfigError` where redis is not installed, the
    address is none, or its certificates cannot be read.
    """
    try:
        from redis.asyncio import ConnectionPool, Redis  # noqa: PLC0415 - the extra `redis`
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - as above
        from redis.backoff import NoBackoff  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        fix = 'pip install "zdr-router[redis]", or leave the state in memory'
        problem = Problem("state in Redis needs the package redis", file=settings.source, fix=fix)
    else:
        host, port, db, secure = _address(settings)
        pool = ConnectionPool(
            connection_class=_verified(client_context(settings.ca_file)) if secure else _plain(),
            host=host,
            port=port,
            db=db,
            max_connections=_CONNECTIONS,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            credential_provider=_provider(settings),
            # RESP2, so that the server sends nothing that was not asked for; and no word about this client.
            protocol=2,
            driver_info=None,
        )
        return Redis.from_pool(pool)
    raise ConfigError(problem)


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task that talks to Redis, and wait until it has ended. What it failed with is raised here.

    It is told so again and again: `asyncio.wait_for`, in which redis sends, forgets that it was cancelled when what it
    waits for ends in that moment (before Python 3.12), and the task would go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_ASK_AGAIN)
    if not task.cancelled():
        task.result()


def _address(settings: RedisSettings) -> tuple[str, int, int, bool]:
    try:
        parts = urlsplit(settings.url)
        host, port, db = parts.hostname, parts.port or _PORT, int(parts.path.removeprefix("/") or 0)
    except ValueError:
        host, port, db, parts = None, 0, 0, urlsplit("")
    if host and parts.scheme in {"redis", "rediss"} and "@" not in parts.netloc and not parts.query:
        return host, port, db, parts.scheme == "rediss"
    # The address is not shown: it may hold a password, which is why it is not accepted.
    fix = "write it redis://HOST:PORT/DB or rediss://HOST:PORT/DB; give credentials under `username` and `password`"
    raise ConfigError(Problem("this is not the address of a Redis server", file=settings.source, fix=fix))


def _plain() -> type[Connection]:
    from redis.asyncio import Connection  # noqa: PLC0415 - the extra `redis`

    return Connection


def _verified(tls: ssl.SSLContext) -> type[Connection]:
    """A connection under `tls`. The library's own class asks the environment whom to trust, so it is not used."""
    from redis.asyncio import Connection  # noqa: PLC0415 - the extra `redis`

    class Verified(Connection):
        def _connection_arguments(self) -> Mapping[str, object]:
            return {**super()._connection_arguments(), "ssl": tls}

    return Verified


def _provider(settings: RedisSettings) -> object:
    """The credentials, asked for at each connecting: they stand in no argument, which a `repr` would show."""
    from redis import CredentialProvider  # noqa: PLC0415 - the extra `redis`

    if settings.password is None:
        return None
    password, username = settings.password, settings.username

    class Provider(CredentialProvider):
        def get_credentials(self) -> tuple[str] | tuple[str, str]:
            return (password.open(),) if username is None else (username, password.open())

    return Provider()
