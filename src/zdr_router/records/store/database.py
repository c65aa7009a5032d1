"""How the database is reached, SQLite or PostgreSQL, and never as the environment says."""

from __future__ import annotations

import importlib
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.records.store.settings import PostgresSettings
from zdr_router.registry.hosts import is_loopback
from zdr_router.tls import client_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from zdr_router.records.store.settings import StoreSettings

_PATIENCE: Final = 10.0
"""Seconds that connecting, a lock or an answer may take."""
_LOCK: Final = 0x7A6472
"""Held in PostgreSQL while one process migrates: `zdr`."""
_CONNECTIONS: Final = 4


class Database:
    """Connections to the place that `settings` names. Nothing is opened before it is used."""

    def __init__(self, settings: StoreSettings) -> None:
        """Raises `ConfigError` where a package is missing or certificates cannot be read."""
        self.settings = settings
        self._engine = engine_of(settings.place, "records", settings.source)

    @property
    def name(self) -> str:
        """Where it is, for people; without credentials."""
        return name_of(self.settings.place)

    @property
    def is_file(self) -> bool:
        """Whether it is SQLite."""
        return isinstance(self.settings.place, Path)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, kept whole or not at all. One process at a time writes to a file of SQLite."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which everything is read as of one instant, and that nobody who writes waits for."""
        async with self._engine.connect() as connection:
            await connection.execution_options(zdr_begin="BEGIN")
            yield connection

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[AsyncConnection]:
        """A connection to SQLite without a transaction, for what cannot be done in one."""
        async with self._engine.connect() as connection:
            await connection.execution_options(zdr_begin="")
            yield connection

    async def open(self) -> None:
        """Make or migrate the tables. Raises `ConfigError`."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the extra

        from zdr_router.records.store.migrations import CURRENT, NewerSchema, migrate  # noqa: PLC0415 - as above

        place = self.settings.place
        try:
            if isinstance(place, Path):
                touch(place)
            async with self.writing() as connection:
                if isinstance(place, PostgresSettings):
                    await claim(connection, place, _LOCK)
                await connection.run_sync(migrate)
        except NewerSchema as error:
            fix = f"this release knows {CURRENT}: use the later release that made it"
            problem = Problem(f"{self.name} has the schema {error.number}", file=self.settings.source, fix=fix)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            problem = Problem(f"records cannot be kept in {self.name}: {why(error)}", file=self.settings.source)
        else:
            return
        raise ConfigError(problem)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def engine_of(place: Path | PostgresSettings, section: str, source: str) -> AsyncEngine:
    """Connections to a place; nothing is opened yet. Raises `ConfigError` where a package is missing that reaches it.

    `section` is the one of the operator's file that names the place, `source` its file:line.
    """
    require(place, section, source)
    return _postgres(place) if isinstance(place, PostgresSettings) else _sqlite(place)


def name_of(place: Path | PostgresSettings) -> str:
    """Where it is, for people; without credentials."""
    return str(place) if isinstance(place, Path) else f"postgresql://{place.host}:{place.port}/{place.database}"


def faults_of(place: Path | PostgresSettings) -> tuple[type[Exception], ...]:
    """What reaching a place may raise; a TimeoutError is an OSError."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the extra

    if isinstance(place, Path):
        return (SQLAlchemyError, OSError)
    import asyncpg  # noqa: PLC0415 - the extra `postgres`

    # What happens while a connection is made comes as the driver has it.
    return (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def require(place: Path | PostgresSettings, section: str, source: str) -> None:
    """Raise `ConfigError` where a package is missing that reaches this place."""
    extra, driver = ("postgres", "asyncpg") if isinstance(place, PostgresSettings) else ("store", "aiosqlite")
    try:
        for name in ("sqlalchemy", "greenlet", driver):
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        what, fix = f"`{section}` needs the package {error.name}", f'pip install "zdr-router[{extra}]"'
        problem = Problem(what, file=source, fix=fix)
    else:
        return
    raise ConfigError(problem)


def why(error: BaseException) -> str:
    """A reason for people: of the database's own words only the first line, which says nothing of any row."""
    origin = getattr(error, "orig", None) or error
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(origin, OSError) and origin.strerror:
        return origin.strerror
    line = str(origin).partition("\n")[0].rpartition(">: ")[2]
    return line or type(origin).__name__


def _sqlite(path: Path) -> AsyncEngine:
    from sqlalchemy import event  # noqa: PLC0415 - the extra `store`
    from sqlalchemy.engine import URL  # noqa: PLC0415 - as above
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - as above

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        connect_args={"timeout": _PATIENCE},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own
        connection.isolation_level = None  # transactions begin where `begin` says so
        cursor = connection.cursor()
        # FULL: what was committed is on the disk. Deleted rows are overwritten, not only forgotten.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - as above
        # Whoever writes waits for its turn here; one that found out later would have to begin anew.
        how = connection.get_execution_options().get("zdr_begin", "BEGIN IMMEDIATE")
        if how:
            connection.exec_driver_sql(how)

    return engine


def _postgres(place: PostgresSettings) -> AsyncEngine:
    import asyncpg  # noqa: PLC0415 - the extra `postgres`
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - as above

    clear = place.private_network or is_loopback(place.host)
    tls = client_context(place.ca_file) if place.ca_file or not clear else False
    password = "" if place.password is None else place.password.open()

    def connect() -> Coroutine[object, object, Any]:
        # Everything that the driver would otherwise take from the environment or from files at home is said.
        connecting: Coroutine[object, object, Any] = asyncpg.connect(
            host=place.host,
            port=place.port,
            user=place.username,
            password=password,
            database=place.database,
            ssl=tls,
            direct_tls=False,
            timeout=_PATIENCE,
            command_timeout=None,
            target_session_attrs="any",
            krbsrvname="postgres",
            gsslib="gssapi",
            server_settings={"search_path": place.namespace, "timezone": "UTC", "application_name": "zdr-router"},
        )
        return connecting

    creator: Callable[[], Coroutine[object, object, Any]] = connect
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=creator,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        pool_pre_ping=True,
    )


async def claim(connection: AsyncConnection, place: PostgresSettings, lock: int) -> None:
    """Be the only one who migrates under this lock, and make the schema where it is missing."""
    from sqlalchemy import text  # noqa: PLC0415 - the extra

    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    there = await connection.execute(
        text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": place.namespace}
    )
    if there.first() is None:
        await connection.execute(text(f'CREATE SCHEMA "{place.namespace}"'))


def touch(path: Path) -> None:
    """Make the file readable by its owner alone; what SQLite puts beside it is then as well."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
