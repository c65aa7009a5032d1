"""How the database of keys is reached, SQLite or PostgreSQL, and never as the environment says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.hosts import is_loopback
from zdr_router.state.settings import PostgresSettings
from zdr_router.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sqlalchemy.ext.asyncio import AsyncEngine

    from zdr_router.state.settings import KeySettings

PATIENCE: Final = 5.0
"""Seconds that connecting or a lock may take."""
_CONNECTIONS: Final = 2


def engine_of(settings: KeySettings) -> AsyncEngine:
    """Connections to the place of the keys; nothing is opened yet. Raises `ConfigError` where a package is missing."""
    place = settings.place
    try:
        return _postgres(place) if isinstance(place, PostgresSettings) else _sqlite(place)
    except ModuleNotFoundError as error:
        extra = "postgres" if isinstance(place, PostgresSettings) else "store"
        what, fix = f"`keys` needs the package {error.name}", f'pip install "zdr-router[{extra}]"'
        problem = Problem(what, file=settings.source, fix=fix)
    raise ConfigError(problem)


def name_of(settings: KeySettings) -> str:
    """Where the keys are, for people; without credentials."""
    place = settings.place
    return str(place) if isinstance(place, Path) else f"postgresql://{place.host}:{place.port}/{place.database}"


def faults_of(settings: KeySettings) -> tuple[type[Exception], ...]:
    """What reaching the database may raise; a TimeoutError is an OSError."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the extra

    if not isinstance(settings.place, PostgresSettings):
        return (SQLAlchemyError, OSError)
    import asyncpg  # noqa: PLC0415 - the extra `postgres`

    # What happens while a connection is made comes as the driver has it.
    return (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def why(error: BaseException) -> str:
    """A reason for people. Of the database's own words only the first line, which says nothing of any row."""
    origin = getattr(error, "orig", None) or error
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(origin, OSError):
        return origin.strerror or type(origin).__name__
    line = str(origin).partition("\n")[0]
    return line.rpartition(">: ")[2] or type(origin).__name__


def touch(path: Path) -> None:
    """Make the file, readable by its owner alone; what SQLite puts beside it is then as well."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _sqlite(path: Path) -> AsyncEngine:
    import aiosqlite  # noqa: F401, PLC0415 - said here rather than at the first connection
    from sqlalchemy import event  # noqa: PLC0415 - the extra
    from sqlalchemy.engine import URL  # noqa: PLC0415 - as above
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - as above

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        connect_args={"timeout": PATIENCE},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own
        connection.isolation_level = None  # transactions begin where `begin` says so
        cursor = connection.cursor()
        # What is deleted is overwritten, not only forgotten: a contact that was erased is gone.
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
            passfile=os.devnull,
            database=place.database,
            ssl=tls,
            direct_tls=False,
            timeout=PATIENCE,
            command_timeout=None,
            target_session_attrs="any",
            krbsrvname="postgres",
            gsslib="gssapi",
            server_settings={"search_path": place.namespace, "timezone": "UTC", "application_name": "zdr-router"},
        )
        return connecting

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        pool_pre_ping=True,
    )
