"""A PostgreSQL server for tests that leave it running: the one of this machine, or else one of their own."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from here import lacking, needs_extra

needs_extra("postgres", "asyncpg")

import asyncpg  # noqa: E402 - it may be missing

from zdr_router.records.store.settings import PostgresSettings  # noqa: E402 - it stands after what it needs

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = PostgresSettings("127.0.0.1", 5432, "test", "postgres")
NOBODY = "postgres"


def ask(server: PostgresSettings, statement: str) -> list[asyncpg.Record]:
    """The answer to one statement, on a connection of its own."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(
            host=server.host,
            port=server.port,
            user=server.username,
            database=server.database,
            password="",
            passfile=os.devnull,
            ssl=False,
            timeout=5,
        )
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


@contextlib.contextmanager
def some_postgres(folder: Path) -> Iterator[PostgresSettings]:
    """Where it is. Whoever uses it takes a schema of its own."""
    try:
        ask(USUAL, "SELECT 1")
    except (OSError, TimeoutError, asyncpg.PostgresError):
        with own_postgres(folder) as server:
            yield server
    else:
        yield USUAL


@contextlib.contextmanager
def own_postgres(folder: Path) -> Iterator[PostgresSettings]:
    """A cluster on a free port of loopback, without passwords, run by somebody who is not root."""
    programs = Path(_program("initdb")).resolve().parent
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data, run = folder / "cluster", _unprivileged(folder)
    run([programs / "initdb", "--auth=trust", f"--username={USUAL.username}", "--no-sync", "-D", data])
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control = [programs / "pg_ctl", "-D", data, "--wait", "--timeout=30", "-l", data / "log"]
    run([*control, "-o", options, "start"])
    try:
        yield PostgresSettings("127.0.0.1", port, "postgres", USUAL.username)
    finally:
        run([*control, "-m", "immediate", "stop"])


def _program(name: str) -> str:
    """Debian keeps them where no PATH leads."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        lacking(f"there is no PostgreSQL at {USUAL.host}:{USUAL.port} and no {name}", "install PostgreSQL")
    return found


def _unprivileged(folder: Path) -> partial[subprocess.CompletedProcess[bytes]]:
    """Runs programs as somebody who is not root, since PostgreSQL insists on that, in a folder of theirs."""
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL, timeout=50, cwd=folder)
    if os.geteuid() != 0:
        return run
    try:
        user = pwd.getpwnam(NOBODY)
    except KeyError:
        lacking(f"{getpass.getuser()} may not run PostgreSQL, and there is no user {NOBODY}", "install PostgreSQL")
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)  # so that they come as far as their folder
    return partial(run, user=user.pw_uid, group=user.pw_gid, extra_groups=[])


@contextlib.contextmanager
def some_namespace(server: PostgresSettings) -> Iterator[PostgresSettings]:
    """The same server with a schema of its own, which is dropped afterwards."""
    name = f"zdr_{secrets.token_hex(6)}"
    try:
        yield PostgresSettings(server.host, server.port, server.database, server.username, namespace=name)
    finally:
        ask(server, f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
