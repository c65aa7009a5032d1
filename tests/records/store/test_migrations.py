"""Tables of every earlier schema become those of today, with what was in them."""

from __future__ import annotations

import asyncio

import pytest
from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from sqlalchemy import inspect, text  # noqa: E402 - it may be missing
from stores import database, keep, kept, record, settings  # noqa: E402 - as above

from zdr_router import ConfigError  # noqa: E402 - as above
from zdr_router.records.store.database import Database  # noqa: E402 - as above
from zdr_router.records.store.migrations import CURRENT, migrate, version  # noqa: E402 - as above
from zdr_router.records.store.tables import TABLES  # noqa: E402 - as above

OLD = """
INSERT INTO requests (time, request_id, endpoint, route, customer, stream, status, duration_ms, policy_digest,
    registry_digest, unsafe, signals, schema)
VALUES (1790000000.5, 'r0', 'chat.completions', 'chat', 'c-0', false, 200, 1.5, 'p', 'r', false, '', 1)
"""
OLD_ATTEMPT = """
INSERT INTO attempts (time, request_id, position, target, configuration, outcome, sent, started_ms, duration_ms)
VALUES (1790000000.5, 'r0', 0, 'a/m', 'acme/zdr', 'ok', 'maybe', 0, 1.5)
"""


async def made_at(place, number):
    """Tables as they were at an earlier schema."""
    async with database(place) as opened, opened.writing() as connection:
        for table in reversed(TABLES.sorted_tables):
            await connection.execute(text(f'DROP TABLE "{table.name}"'))
        await connection.run_sync(lambda sync: migrate(sync, number))


def shape(connection):
    """Names, types, keys and indexes of what is there."""
    seen = inspect(connection)
    return {
        table.name: (
            {each["name"]: (str(each["type"]), each["nullable"]) for each in seen.get_columns(table.name)},
            seen.get_pk_constraint(table.name)["constrained_columns"],
            sorted((each["name"], tuple(each["column_names"])) for each in seen.get_indexes(table.name)),
        )
        for table in TABLES.sorted_tables
    }


async def test_the_migrations_lead_to_the_tables_that_are_declared(place):
    async with database(place) as opened, opened.writing() as connection:
        migrated = await connection.run_sync(shape)
        await connection.run_sync(TABLES.drop_all)
        await connection.run_sync(TABLES.create_all)
        assert await connection.run_sync(shape) == migrated


@pytest.mark.parametrize("number", range(1, CURRENT))
async def test_what_an_earlier_schema_holds_is_still_there(place, number):
    await made_at(place, number)
    opened = Database(settings(place))
    async with opened.writing() as connection:
        await connection.execute(text(OLD))
        await connection.execute(text(OLD_ATTEMPT))
    await opened.close()
    await keep(place, [record("c-1")])
    old, new = await kept(place)
    assert (old["customer"], old["attempts"][0]["outcome"], old["attempts"][0]["attestation"]) == ("c-0", "ok", None)
    assert new["customer"] == "c-1"
    async with database(place) as opened, opened.reading() as connection:
        assert await connection.run_sync(version) == CURRENT


async def test_of_several_that_open_at_once_one_migrates(place):
    await made_at(place, 1)
    await asyncio.gather(*(keep(place, [record(f"c-{number}")]) for number in range(4)))
    assert len(await kept(place)) == 4


async def test_tables_of_a_later_release_are_left_alone(place):
    async with database(place) as opened, opened.writing() as connection:
        await connection.execute(text("UPDATE schema_version SET number = number + 1"))
    with pytest.raises(ConfigError, match=f"has the schema {CURRENT + 1}; this release knows {CURRENT}"):
        await kept(place)


async def test_a_migration_that_fails_changes_nothing(place, monkeypatch):
    from zdr_router.records.store import migrations  # noqa: PLC0415 - patched

    await made_at(place, 1)
    broken = (*migrations.MIGRATIONS[:1], (*migrations.MIGRATIONS[1], "CREATE NONSENSE"))
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", broken)
        with pytest.raises(ConfigError, match="syntax error"):
            await kept(place)
    opened = Database(settings(place))
    async with opened.reading() as connection:
        assert await connection.run_sync(version) == 1
        assert not await connection.run_sync(lambda sync: inspect(sync).has_table("archive"))
    await opened.close()
    assert await kept(place) == []
