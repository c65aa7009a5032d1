"""What is recorded is in the database, whatever happens to that meanwhile, and what cannot be is seen."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import multiprocessing
import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from certificates import self_signed  # noqa: E402 - it stands after what may be missing
from sqlalchemy import text  # noqa: E402 - as above
from sqlalchemy.exc import OperationalError  # noqa: E402 - as above
from stores import NOON, attempt, database, failed, keep, kept, record, store  # noqa: E402 - as above

from zdr_router import ConfigError  # noqa: E402 - as above
from zdr_router.metadata import ErrorCode, Refusal, Signal  # noqa: E402 - as above
from zdr_router.records.store import store as module  # noqa: E402 - as above
from zdr_router.records.store.incidents import incident  # noqa: E402 - as above
from zdr_router.records.store.settings import PostgresSettings  # noqa: E402 - as above
from zdr_router.records.store.writing import Writer  # noqa: E402 - as above

TESTS = Path(__file__).parents[2]


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, "zdr_router")
    return lambda: [each.getMessage() for each in caplog.records if each.name == "zdr_router"]


async def until(true, within=20.0):
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what is waited for is not made for tests
            await asyncio.sleep(0.005)


async def test_what_was_recorded_is_read_back_as_it_was(place):
    answered = record(signals=(Signal.REQUEST_LIMIT, Signal.MALFORMED), stream=True, cached_tokens=5)
    broken = failed(at=NOON + 1)
    await keep(place, [answered, broken])
    first, second = await kept(place)
    assert first == {**answered.as_dict(), "signals": ["malformed", "request_limit"]}
    refusals = [{"refusal": "ZDR201", "target": "b/m"}]
    assert second == {**broken.as_dict(), "signals": [], "refusals": refusals}


async def test_nothing_is_lost_when_a_store_is_closed(place):
    some = [record(at=NOON + number / 8) for number in range(1700)]
    async with store(place) as made:
        for each in some:
            made.record(each)
        assert made.waiting > 0
    assert made.waiting == made.lost == 0
    assert [each["request_id"] for each in await kept(place)] == [each.request_id for each in some]


async def test_records_are_written_while_it_is_open(place):
    async with store(place) as made:
        made.record(record())
        await until(lambda: not made.waiting)
        assert len(await kept(place)) == 1
        made.record(record())
        await made.flush()
        assert len(await kept(place)) == 2


async def test_several_workers_keep_in_one_place(place):
    async with store(place) as one, store(place) as other:
        for number in range(600):
            (one, other)[number % 2].record(failed(f"c-{number % 7}", NOON + number))
            if number % 100 == 0:
                await asyncio.gather(one.flush(), other.flush())
    assert len(await kept(place)) == 600


def _work(place, number, count):
    async def run():
        await keep(place, [record(f"c-{number}", NOON + each / 4) for each in range(count)])

    asyncio.run(run())


def test_several_processes_make_one_store_and_keep_in_it(place):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_work, args=(place, number, 300)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(50)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(asyncio.run(kept(place))) == 600


KILLED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from stores import NOON, record, store

async def main():
    async with store(Path(sys.argv[2])) as made:
        for number in range(10**9):
            made.record(record(at=NOON + number / 64))
            if number % 100 == 0:
                # What was written until now cannot be taken back, whatever happens to the process.
                print(number + 1 - made.waiting, flush=True)
                await asyncio.sleep(0.001)

asyncio.run(main())
"""


def test_a_process_that_is_killed_loses_what_was_not_written_yet_and_no_more(tmp_path):
    place = tmp_path / "records.db"
    command = [sys.executable, "-c", KILLED, str(TESTS), str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        written = 0
        for line in process.stdout:
            written = int(line)
            if written > 3000:
                break
        process.send_signal(signal.SIGKILL)
        written = max([written, *(int(line) for line in process.stdout.read().splitlines())])
    found = asyncio.run(kept(place))
    assert len(found) >= written > 3000
    times = [each["time"] for each in found]
    assert times == [NOON + number / 64 for number in range(len(found))]
    assert all(len(each["attempts"]) == 1 for each in found), "a batch is there as a whole"


async def test_while_the_database_is_locked_records_wait_and_one_line_says_so(tmp_path, monkeypatch, said):
    monkeypatch.setattr("zdr_router.records.store.database._PATIENCE", 0.05)
    monkeypatch.setattr(module, "_SHORTEST", 0.05)
    place = tmp_path / "records.db"
    async with store(place) as made:
        with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            made.record(record())
            await until(lambda: any("cannot be written" in line for line in said()))
            made.record(record())
            await asyncio.sleep(0.3)
            assert made.waiting == 2
            other.execute("ROLLBACK")
        await until(lambda: not made.waiting)
    cause = [line for line in said() if "cannot be written" in line]
    assert cause == ["records cannot be written; they wait cause=database is locked"]
    assert said().count("records are written again") == 1
    assert len(await kept(place)) == 2


async def test_a_server_is_spoken_to_over_tls_and_known_by_its_certificate(tmp_path):
    needs_extra("postgres", "asyncpg")
    from postgres_here import PostgresServer  # noqa: PLC0415 - it needs the extra

    for name in ("mine", "another"):
        (tmp_path / name).mkdir()
    mine, another = (self_signed(tmp_path / name) for name in ("mine", "another"))
    with PostgresServer() as server:
        trusting, mistaken = (replace(server.settings, ca_file=each.path) for each in (mine, another))
        await asyncio.to_thread(server.start, tmp_path / "mine")
        await keep(trusting, [record()])
        async with database(trusting) as opened, opened.reading() as connection:
            used = await connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
            assert used.scalar() is True
        with pytest.raises(ConfigError, match="certificate verify failed"):
            await kept(mistaken)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        with pytest.raises(ConfigError, match="rejected SSL"):
            await kept(trusting)


@pytest.mark.parametrize(
    ("host", "private", "clear"), [("127.0.0.1", False, True), ("db", False, False), ("db", True, True)]
)
def test_beyond_loopback_it_is_tls_unless_the_network_is_ones_own(host, private, clear, monkeypatch):
    needs_extra("postgres", "asyncpg")
    import asyncpg  # noqa: PLC0415 - it needs the extra

    given = {}
    monkeypatch.setattr(asyncpg, "connect", lambda **all_: given.update(all_) or asyncio.sleep(0))
    with contextlib.suppress(AttributeError):
        asyncio.run(kept(PostgresSettings(host, 5432, "zdr", "me", private_network=private)))
    assert (given["ssl"] is False) is clear


async def test_a_server_that_goes_away_and_comes_back_has_every_record(monkeypatch, said):
    needs_extra("postgres", "asyncpg")
    from postgres_here import PostgresServer  # noqa: PLC0415 - it needs the extra

    monkeypatch.setattr(module, "_SHORTEST", 0.05)
    with PostgresServer() as server:
        await asyncio.to_thread(server.start)
        async with store(server.settings) as made:
            made.record(record())
            await until(lambda: not made.waiting)
            await asyncio.to_thread(server.kill)
            made.record(record())
            await until(lambda: any("cannot be written" in line for line in said()))
            made.record(record())
            await asyncio.to_thread(server.start)
            await until(lambda: not made.waiting)
            assert sum("cannot be written" in line for line in said()) == 1
            assert said().count("records are written again") == 1
        assert len(await kept(server.settings)) == 3


async def test_a_batch_of_which_nobody_heard_whether_it_was_written_is_not_counted_twice(place, monkeypatch):

    monkeypatch.setattr(module, "_EVERY", 60.0)
    async with store(place) as made:
        write, answers = made._write, iter([False])

        async def deaf(*batch):
            await write(*batch)
            if not next(answers, True):
                raise OperationalError("COMMIT", {}, OSError(104, "Connection reset by peer"))

        monkeypatch.setattr(made, "_write", deaf)
        made.record(record())
        await made.flush()
        assert made.waiting == 1
        made.record(record("c-2"))
        await made.flush()
        assert made.waiting == 0
    assert len(await kept(place)) == 2
    async with database(place) as opened:
        day = dt.date(2026, 11, 22)
        found = await incident(opened, "acme/zdr", day, day.replace(day=23))
    assert sorted(each.attempted for each in found.affected) == [1, 1]


async def test_what_is_more_than_can_be_held_is_counted_as_lost_and_said(tmp_path, said, monkeypatch):
    monkeypatch.setattr(module, "_EVERY", 60.0)
    async with store(tmp_path / "records.db", hold=100) as made:
        assert made.accepts
        for _ in range(100):
            made.record(record())
        assert not made.accepts
        for _ in range(100):
            made.record(record())
        assert (made.waiting, made.lost) == (125, 75)
        made.record(record(error_code=ErrorCode.UNRECORDED))
        assert made.lost == 75, "a request that was refused for this reason is no loss"
        await made.flush()
        assert made.accepts
    assert "records were lost, as more waited than may count=75" in said()
    assert len(await kept(tmp_path / "records.db")) == 125


async def test_whoever_would_rather_serve_than_record_may(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_EVERY", 60.0)
    async with store(tmp_path / "records.db", hold=100, when_full="drop") as made:
        for _ in range(200):
            made.record(record())
        assert made.accepts
        assert made.lost == 75


async def test_what_cannot_be_written_at_the_end_is_said(tmp_path, monkeypatch, said):
    async def fail(*_):
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr(module, "_SHORTEST", 0.01)
    async with store(tmp_path / "records.db") as made:
        monkeypatch.setattr(Writer, "write", fail)
        made.record(record())
    assert said()[-1] == "records were not written count=1"


async def test_a_fault_of_our_own_is_said_and_does_not_pass_for_silence(tmp_path, monkeypatch, said):
    async def fail(*_):
        raise ZeroDivisionError

    async with store(tmp_path / "records.db") as made:
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "write", fail)
            made.record(record())
            await until(lambda: "recording has ended error=ZeroDivisionError" in said())
    assert len(await kept(tmp_path / "records.db")) == 1


async def test_nothing_that_is_no_name_of_the_configuration_is_kept(place):
    canary = "canary5c1e"
    spoken = record(
        route=canary,
        tenant=canary,
        customer=f"{canary} {canary}",
        key=f"{canary}\n",
        endpoint=f"/v1/{canary}",
        target=f"{canary}/m",
        configuration=f"{canary}/zdr",
        model=canary,
        attestation=canary,
        policy_digest=canary,
        error_code=canary,
        signals=(canary,),
        attempts=(attempt(canary, target=canary, configuration=canary, sent=canary, attestation=canary),),
        refusals=(Refusal(canary, canary, canary, canary, canary),),
    )
    await keep(place, [spoken])
    assert canary not in str(await kept(place))
    if isinstance(place, Path):
        files = [path.read_bytes() for path in place.parent.iterdir()]
        assert files
        assert not any(canary.encode() in data for data in files)


async def test_the_file_is_its_owners_alone(tmp_path):
    place = tmp_path / "sub" / "records.db"
    async with store(place) as made:
        made.record(record())
        await made.flush()
        modes = {path.name: path.stat().st_mode & 0o777 for path in place.parent.iterdir()}
    assert modes == {"records.db": 0o600, "records.db-wal": 0o600, "records.db-shm": 0o600}


async def test_a_place_where_nothing_can_be_kept_is_told_with_file_and_line(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"zdr\.yaml:7: records cannot be kept in .*: File exists"):
        await keep(tmp_path / "file" / "records.db", [], source="zdr.yaml:7")
    (tmp_path / "other.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(ConfigError, match=r"records cannot be kept in .*other\.db: file is not a database"):
        await keep(tmp_path / "other.db", [])


async def test_a_server_that_does_not_answer_is_told(postgres, unused_port):
    with pytest.raises(ConfigError, match=r"records cannot be kept in postgresql://127\.0\.0\.1:.*: "):
        await keep(replace(postgres, port=unused_port), [])
    with pytest.raises(ConfigError, match='database "nonesuch" does not exist'):
        await keep(replace(postgres, database="nonesuch"), [])


@pytest.fixture
def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


async def test_the_environment_does_not_say_where_records_go(place, monkeypatch):
    for name, value in {
        "PGHOST": "192.0.2.1",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGPASSWORD": "wrong",
        "PGDATABASE": "nonesuch",
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby",
        "PGSERVICE": "nonesuch",
    }.items():
        monkeypatch.setenv(name, value)
    await keep(place, [record()])
    assert len(await kept(place)) == 1


@pytest.mark.parametrize(
    ("extra", "package", "place"),
    [("store", "aiosqlite", "sqlite"), ("store", "sqlalchemy", "sqlite"), ("postgres", "asyncpg", "postgresql")],
    indirect=["place"],
)
def test_without_the_extra_it_says_what_to_install(place, extra, package, monkeypatch):
    gone = [name for name in sys.modules if name.partition(".")[0] == package]
    for name in gone:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"zdr.yaml:3: `records` needs the package {package}.*zdr-router\[{extra}\]"):
        store(place, source="zdr.yaml:3")
