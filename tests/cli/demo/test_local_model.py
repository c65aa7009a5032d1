"""A real llama.cpp server with real weights, started and ended as the demo does it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from here import needs_extra

from zdr_router.cli.demo import local_model
from zdr_router.cli.demo.local_model import LocalServer, engine_version, missing_packages, weights
from zdr_router.errors import ConfigError, RouterError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

PROMPT = "Heliotrope, vermilion and cerulean are three of the rarer names that painters give to colours, and"

real_model = pytest.mark.local_model
on_module_loop = pytest.mark.asyncio(loop_scope="module")

STARTER = """
import asyncio, sys
from pathlib import Path
from zdr_router.cli.demo.local_model import LocalServer

async def main():
    server = await LocalServer.start("orphan", weights=Path(sys.argv[1]), log=Path(sys.argv[2]))
    print(server.pid, server.base_url, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def model_file(pytestconfig: pytest.Config) -> Path:
    """The weights, kept between runs."""
    needs_extra("local", *missing_packages())
    assert pytestconfig.cache is not None
    return weights(pytestconfig.cache.mkdir("local-model"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalServer]:
    """One server for the tests that only ask it something."""
    log = tmp_path_factory.mktemp("server") / "server.log"
    started = await LocalServer.start("gemma", weights=model_file, log=log)
    yield started
    await started.stop()


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """Every process that a test starts, so that it can see whether one was left behind."""
    processes: list[Process] = []
    start = asyncio.create_subprocess_exec

    async def start_and_note(*command: str, **options: Any) -> Process:
        process = await start(*command, **options)
        processes.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_and_note)
    return processes


async def ask(server: LocalServer, **more: Any) -> dict[str, Any]:
    body = {
        "model": server.name,
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": 8,
        "temperature": 0,
        **more,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/chat/completions", json=body) as response,
    ):
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


async def accepts_connections(base_url: str) -> bool:
    address = urlsplit(base_url)
    try:
        _, writer = await asyncio.open_connection(address.hostname, address.port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


@real_model
@on_module_loop
async def test_a_started_server_answers_under_the_name_it_was_given(server: LocalServer) -> None:
    answer = await ask(server)
    assert answer["model"] == "gemma"
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["completion_tokens"] == 8


@real_model
@on_module_loop
async def test_a_stream_ends_with_a_finish_reason_and_then_the_usage(server: LocalServer) -> None:
    body = {
        "model": server.name,
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": 4,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/chat/completions", json=body) as response,
    ):
        text = await response.text()
    events = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert [choice["finish_reason"] for choice in chunks[-2]["choices"]] == ["length"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 4


@real_model
@on_module_loop
async def test_an_identical_prompt_is_read_from_the_cache_only_if_the_request_lets_it(server: LocalServer) -> None:
    await ask(server)
    cached = await ask(server)
    uncached = await ask(server, cache_prompt=False)
    assert cached["usage"]["prompt_tokens_details"]["cached_tokens"] > 0
    assert uncached["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


@real_model
@on_module_loop
async def test_neither_the_prompt_nor_the_answer_is_in_the_log(server: LocalServer) -> None:
    answer = (await ask(server))["choices"][0]["message"]["content"]
    log = server.log.read_text(encoding="utf-8")
    assert server.base_url.removesuffix("/v1") in log
    assert answer.strip() not in log
    for word in ("Heliotrope", "vermilion", "cerulean"):
        assert word not in log


@real_model
@on_module_loop
@pytest.mark.parametrize("route", ["/slots", "/metrics"])
async def test_routes_that_show_other_requests_are_closed(server: LocalServer, route: str) -> None:
    url = server.base_url.removesuffix("/v1") + route
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 501


@real_model
@pytest.mark.asyncio
async def test_of_two_servers_started_together_one_is_killed_and_the_other_still_answers(
    model_file: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    first, second = await asyncio.gather(
        *(
            LocalServer.start(name, weights=model_file, log=tmp_path / f"{name}.log", on_progress=told.append)
            for name in ("first", "second")
        )
    )
    try:
        await first.kill()
        assert not first.running
        assert not await accepts_connections(first.base_url)
        assert (await ask(second))["model"] == "second"
    finally:
        await second.stop()
    assert not await accepts_connections(second.base_url)
    assert {line.partition(":")[0] for line in told} == {"first", "second"}


@real_model
@pytest.mark.asyncio
@pytest.mark.usefixtures("model_file")
async def test_a_server_that_dies_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(RouterError, match=r"(?s)'gemma' ended with status 1 .*broken\.gguf"):
        await LocalServer.start("gemma", weights=broken, log=tmp_path / "server.log")


@real_model
@pytest.mark.asyncio
async def test_a_server_that_is_not_ready_in_time_is_ended_and_reported(
    model_file: Path, tmp_path: Path, spawned: list[Process]
) -> None:
    with pytest.raises(RouterError, match=r"was not ready within 0\.2 s"):
        await LocalServer.start("gemma", weights=model_file, log=tmp_path / "server.log", ready_within=0.2)
    assert [process.returncode for process in spawned] == [-signal.SIGKILL]


@real_model
@pytest.mark.asyncio
async def test_a_start_that_is_cancelled_leaves_no_process(
    model_file: Path, tmp_path: Path, spawned: list[Process]
) -> None:
    starting = asyncio.create_task(LocalServer.start("gemma", weights=model_file, log=tmp_path / "server.log"))
    while not spawned:  # noqa: ASYNC110  (the code under test has no event to set)
        await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert [process.returncode for process in spawned] == [-signal.SIGKILL]


@real_model
@pytest.mark.asyncio
async def test_a_server_ends_when_the_process_that_started_it_is_killed(model_file: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTER, str(model_file), str(tmp_path / "server.log")),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert starter.stdout is not None
    pid, base_url = (await starter.stdout.readline()).decode().split()
    assert await accepts_connections(base_url)
    starter.send_signal(signal.SIGKILL)
    await starter.wait()
    deadline = time.monotonic() + 5
    while await accepts_connections(base_url):
        if time.monotonic() > deadline:
            os.kill(int(pid), signal.SIGKILL)
            pytest.fail("the server outlived the process that started it")
        await asyncio.sleep(0.05)


@real_model
def test_a_damaged_weights_file_is_written_again(model_file: Path, tmp_path: Path) -> None:
    damaged = tmp_path / model_file.name
    damaged.write_bytes(b"cut short")
    assert weights(tmp_path) == damaged
    assert damaged.stat().st_size == model_file.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == [damaged.name]
    damaged.unlink()


@real_model
def test_the_engine_version_is_a_llama_cpp_build(model_file: Path) -> None:
    assert model_file.exists()
    assert engine_version().startswith("b")
    assert int(engine_version().removeprefix("b")) > 4000


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model, "SERVER_PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(ConfigError, match=r"a_package_that_nobody_has.*pip install 'zdr-router\[local\]'"):
        weights(tmp_path)
    assert list(tmp_path.iterdir()) == []
