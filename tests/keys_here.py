"""Places for API keys in tests: a file of SQLite, and a schema of its own in the PostgreSQL of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from typing import TYPE_CHECKING, Any

from here import lacking

from zdr_router.hosts.keys.base import Denied
from zdr_router.hosts.keys.making import make_key
from zdr_router.key_settings import KeySettings
from zdr_router.records.store.settings import PostgresSettings
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zdr_router.hosts.keys.base import Admission, KeyBook
    from zdr_router.hosts.keys.key import Key

PEPPER = Sealed("pepper-of-the-tests-and-of-nobody-else")
POSTGRES = ("127.0.0.1", 5432)


@contextlib.contextmanager
def some_place(kind: str, folder: Path) -> Iterator[Path | PostgresSettings]:
    """Where keys may be kept for the length of a test; nothing is left of it."""
    if kind == "sqlite":
        yield folder / "keys.db"
        return
    with postgres() as place:
        yield place


@contextlib.contextmanager
def postgres() -> Iterator[PostgresSettings]:
    """A schema that nobody else has."""
    try:
        with socket.create_connection(POSTGRES, timeout=2):
            pass
    except OSError:
        lacking("no PostgreSQL listens on 127.0.0.1:5432", "start one, with a database `test` of the user `postgres`")
    place = PostgresSettings(*POSTGRES, "test", "postgres", namespace=f"zdr_test_{secrets.token_hex(6)}")
    try:
        yield place
    finally:
        asyncio.run(sql(place, f'DROP SCHEMA IF EXISTS "{place.namespace}" CASCADE'))


async def sql(place: PostgresSettings, statement: str) -> list[Any]:
    """What a statement answers."""
    import asyncpg  # noqa: PLC0415 - where it is installed

    connection = await asyncpg.connect(
        host=place.host, port=place.port, user=place.username, database=place.database, ssl=False
    )
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


def settings(place: Path | PostgresSettings, **members: Any) -> KeySettings:
    return KeySettings(place, PEPPER, source="zdr.yaml:7", **members)


def a_key(name: str = "a key", **about: Any) -> tuple[Key, Sealed[str]]:
    """A key, and what its holder presents."""
    return make_key(name, PEPPER, **{"created": time.time(), **about})


async def until(condition: Any, *, within: float = 20.0) -> Any:
    """What `condition` gives once that is true."""
    began = asyncio.get_running_loop().time()
    while not (found := await condition() if asyncio.iscoroutinefunction(condition) else condition()):
        assert asyncio.get_running_loop().time() - began < within
        await asyncio.sleep(0.02)
    return found


async def admitted(book: KeyBook, presented: str | None, *, address: str, **asked: Any) -> Admission | Denied:
    """What a host is answered that asks both questions, one after the other."""
    found = book.verify(presented, address=address)
    return found if isinstance(found, Denied) else await found.admit(**asked)
