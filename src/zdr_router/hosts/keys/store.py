"""Keys in a database: made, changed and read, each change under a number that only grows."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from zdr_router.errors import ConfigError, Problem
from zdr_router.hosts.keys.rows import key_of, row_of
from zdr_router.hosts.keys.token import pepper_id
from zdr_router.records.store.database import claim, engine_of, faults_of, name_of, touch, why
from zdr_router.records.store.settings import PostgresSettings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Collection, Mapping
    from types import TracebackType

    from sqlalchemy.ext.asyncio import AsyncConnection

    from zdr_router.hosts.keys.key import Key
    from zdr_router.key_settings import KeySettings

log = logging.getLogger("zdr_router")

_PATIENCE: Final = 10.0
"""Seconds that all of it may take."""
_LOCK: Final = 0x7A6473
"""Held in PostgreSQL while one process makes the tables: `zds`."""


class Changes(NamedTuple):
    """The keys that changed, and the number of the last change; `unread` are ids of those that cannot be read."""

    epoch: int
    keys: tuple[Key, ...]
    unread: tuple[str, ...] = ()


class Contact(NamedTuple):
    """Who the people behind a customer are."""

    customer: str
    name: str | None
    email: str | None
    company: str | None


class KeyStore:
    """The database that `settings` name, while it is entered. What it raises is `ConfigError`."""

    def __init__(self, settings: KeySettings) -> None:
        """Raises `ConfigError` where a package is missing or certificates cannot be read."""
        self.settings = settings
        self.name = name_of(settings.place)
        self._engine = engine_of(settings.place, "keys", settings.source)

    async def __aenter__(self) -> Self:
        """Make the tables where there are none."""
        place = self.settings.place
        try:
            async with self._writing() as connection:
                await self._make(connection)
        except BaseException:
            await self._engine.dispose()
            raise
        if isinstance(place, Path):
            place.chmod(0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def changes(self, since: int = 0) -> Changes:
        """What changed after the change `since`; all keys after 0."""
        from zdr_router.hosts.keys.tables import KEYS, STATE  # noqa: PLC0415 - the extra

        async with self._reading() as connection:
            # The number first: what is committed in between is read again the next time.
            epoch = (await connection.execute(STATE.select())).one().epoch
            if epoch == since:
                return Changes(epoch, ())
            rows = (await connection.execute(KEYS.select().where(KEYS.c.epoch > since))).mappings().all()
        keys, unread = [], []
        for row in rows:
            try:
                keys.append(key_of(row))
            except (ValueError, TypeError):
                unread.append(str(row["id"]))
        return Changes(epoch, tuple(keys), tuple(unread))

    async def add(self, key: Key) -> None:
        """Keep a new key."""
        from zdr_router.hosts.keys.tables import KEYS  # noqa: PLC0415 - the extra

        async with self._writing() as connection:
            await connection.execute(KEYS.insert().values(**row_of(key), epoch=await self._next(connection)))

    async def change(self, id_: str, **columns: Any) -> bool:  # noqa: ANN401 - the columns of a key
        """Change columns of a key; whether there is such a key."""
        from zdr_router.hosts.keys.tables import KEYS  # noqa: PLC0415 - the extra

        async with self._writing() as connection:
            changed = await connection.execute(
                KEYS.update().where(KEYS.c.id == id_).values(**columns, epoch=await self._next(connection))
            )
        return changed.rowcount > 0

    async def write_use(self, used: Collection[str], day: dt.date, spent: Mapping[tuple[str, str], float]) -> None:
        """Note that keys were used on this day, and add what they spent. That is no change that anybody follows."""
        from sqlalchemy import or_, text  # noqa: PLC0415 - the extra

        from zdr_router.hosts.keys.tables import KEYS  # noqa: PLC0415 - the extra

        async with self._writing() as connection:
            late = or_(KEYS.c.last_used.is_(None), KEYS.c.last_used < day)
            names = sorted(used)
            for start in range(0, len(names), 500):
                some = KEYS.c.id.in_(names[start : start + 500])
                await connection.execute(KEYS.update().where(some, late).values(last_used=day))
            if spent:
                rows = [{"key": key, "period": period, "usd": usd} for (key, period), usd in sorted(spent.items())]
                await connection.execute(
                    text(
                        "INSERT INTO api_key_spending (key, period, usd) VALUES (:key, :period, :usd) "
                        "ON CONFLICT (key, period) DO UPDATE SET usd = api_key_spending.usd + excluded.usd"
                    ),
                    rows,
                )

    async def spent(self, periods: Collection[str]) -> list[tuple[str, str, float]]:
        """Key, period and sum, for these periods."""
        from zdr_router.hosts.keys.tables import SPENDING  # noqa: PLC0415 - the extra

        async with self._reading() as connection:
            rows = await connection.execute(SPENDING.select().where(SPENDING.c.period.in_(sorted(periods))))
            return [(row.key, row.period, row.usd) for row in rows]

    async def contact(self, customer: str) -> Contact | None:
        """Who is behind a customer."""
        from zdr_router.hosts.keys.tables import CONTACTS  # noqa: PLC0415 - the extra

        async with self._reading() as connection:
            row = (await connection.execute(CONTACTS.select().where(CONTACTS.c.customer == customer))).first()
        return None if row is None else Contact(row.customer, row.name, row.email, row.company)

    async def keep_contact(self, contact: Contact) -> None:
        """Keep who is behind a customer, in place of what was kept."""
        from zdr_router.hosts.keys.tables import CONTACTS  # noqa: PLC0415 - the extra

        async with self._writing() as connection:
            await connection.execute(CONTACTS.delete().where(CONTACTS.c.customer == contact.customer))
            await connection.execute(CONTACTS.insert().values(**contact._asdict()))

    async def erase_contact(self, customer: str) -> bool:
        """Forget who is behind a customer; whether anything was kept. Keys and records stay as they are."""
        from zdr_router.hosts.keys.tables import CONTACTS  # noqa: PLC0415 - the extra

        async with self._writing() as connection:
            erased = await connection.execute(CONTACTS.delete().where(CONTACTS.c.customer == customer))
        if isinstance(self.settings.place, Path):
            # What was overwritten in the file still stands in the log beside it until that is emptied.
            async with self._reading(begin="") as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return erased.rowcount > 0

    async def _make(self, connection: AsyncConnection) -> None:
        from zdr_router.hosts.keys.tables import SCHEMA, STATE, TABLES  # noqa: PLC0415 - the extra

        place = self.settings.place
        if isinstance(place, PostgresSettings):
            await claim(connection, place, _LOCK)
        await connection.run_sync(TABLES.create_all)
        state = (await connection.execute(STATE.select())).first()
        pepper = pepper_id(self.settings.pepper)
        if state is None:
            await connection.execute(STATE.insert().values(id=1, schema=SCHEMA, pepper=pepper, epoch=0))
        elif state.schema > SCHEMA:
            fix = f"this release knows {SCHEMA}: use the later release that made it"
            raise ConfigError(Problem(f"{self.name} has the schema {state.schema}", file=self.settings.source, fix=fix))
        elif state.pepper != pepper:
            what = f"the keys in {self.name} were made with another pepper, so none of them would be right"
            raise ConfigError(Problem(what, file=self.settings.source, fix="give the pepper that they were made with"))

    async def _next(self, connection: AsyncConnection) -> int:
        """The number of this change. Whoever makes another one waits, so that numbers are seen in order."""
        from zdr_router.hosts.keys.tables import STATE  # noqa: PLC0415 - the extra

        await connection.execute(STATE.update().values(epoch=STATE.c.epoch + 1))
        return int((await connection.execute(STATE.select())).one().epoch)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, kept whole or not at all."""
        place = self.settings.place
        async with self._explained():
            if isinstance(place, Path):
                touch(place)
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def _reading(self, begin: str = "BEGIN") -> AsyncIterator[AsyncConnection]:
        """A connection that nobody who writes waits for. `begin` is how SQLite begins a transaction, if at all."""
        async with self._explained(), self._engine.connect() as connection:
            await connection.execution_options(zdr_begin=begin)
            yield connection

    @asynccontextmanager
    async def _explained(self) -> AsyncIterator[None]:
        """Turn what a database raises into `ConfigError`; nobody waits for it longer than is sensible."""
        try:
            async with asyncio.timeout(_PATIENCE):
                yield
        except faults_of(self.settings.place) as error:
            what = f"the keys in {self.name} cannot be read or written: {why(error)}"
            problem = Problem(what, file=self.settings.source)
        else:
            return
        raise ConfigError(problem)
