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
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

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


class PostgresServer:
    """A cluster on a free port of loopback, without passwords, run by somebody who is not root."""

    def __init__(self) -> None:
        self._programs = Path(_program("initdb")).resolve().parent
        # Not in pytest's folders, which nobody else may look into.
        self._folder = tempfile.TemporaryDirectory(prefix="zdr-postgres-")
        self._data, self._run = Path(self._folder.name, "cluster"), _unprivileged(Path(self._folder.name))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._do("initdb", "--auth=trust", f"--username={USUAL.username}", "--no-sync")

    @property
    def settings(self) -> PostgresSettings:
        return PostgresSettings("127.0.0.1", self.port, "postgres", USUAL.username)

    def start(self, tls: Path | None = None) -> None:
        """`tls` is the folder of a certificate (see certificates.py); without, the server speaks none."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        if tls is not None:
            for name in ("ca.pem", "key.pem"):
                shutil.copy(tls / name, self._data)
                os.chown(self._data / name, self._data.stat().st_uid, -1)
                (self._data / name).chmod(0o600)
            options += " -c ssl=on -c ssl_cert_file=ca.pem -c ssl_key_file=key.pem"
        self._do("pg_ctl", "--wait", "--timeout=30", "-l", self._data / "log", "-o", options, "start")

    def kill(self) -> None:
        """At once: connections break, and what was committed is there after the next start."""
        self._do("pg_ctl", "--wait", "--timeout=30", "-m", "immediate", "stop")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be stopped already
            self.kill()
        self._folder.cleanup()

    def _do(self, program: str, *args: str | Path) -> None:
        self._run([self._programs / program, "-D", self._data, *args])


@contextlib.contextmanager
def some_postgres() -> Iterator[PostgresSettings]:
    """Where it is. Whoever uses it takes a schema of its own."""
    try:
        ask(USUAL, "SELECT 1")
    except (OSError, TimeoutError, asyncpg.PostgresError):
        with PostgresServer() as server:
            server.start()
            yield server.settings
    else:
        yield USUAL


def _program(name: str) -> str:
    """Debian keeps them where no PATH leads."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        lacking(f"there is no PostgreSQL at {USUAL.host}:{USUAL.port} and no {name}", "install PostgreSQL")
    return found


def _unprivileged(folder: Path) -> partial[subprocess.CompletedProcess[bytes]]:
    """Runs programs as somebody who is not root, since PostgreSQL insists on that, in a folder of theirs."""
    run = partial(
        subprocess.run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=50, cwd=folder
    )
    if os.geteuid() != 0:
        return run
    try:
        user = pwd.getpwnam(NOBODY)
    except KeyError:
        lacking(f"{getpass.getuser()} may not run PostgreSQL, and there is no user {NOBODY}", "install PostgreSQL")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return partial(run, user=user.pw_uid, group=user.pw_gid, extra_groups=[])


@contextlib.contextmanager
def some_namespace(server: PostgresSettings) -> Iterator[PostgresSettings]:
    """The same server with a schema of its own, which is dropped afterwards."""
    name = f"zdr_{secrets.token_hex(6)}"
    try:
        yield PostgresSettings(server.host, server.port, server.database, server.username, namespace=name)
    finally:
        ask(server, f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
