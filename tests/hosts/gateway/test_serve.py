"""`zdr serve` as a process: it starts, asks itself, listens, follows its files and ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import upstream as up
import yaml
from certificates import self_signed
from deployments import TODAY
from gateway_here import ASKING
from here import needs_extra
from typer.testing import CliRunner
from upstream import Upstream

from zdr_router.cli.app import app as command_line
from zdr_router.config import load
from zdr_router.errors import ConfigError
from zdr_router.hosting import Alone, ServeSettings
from zdr_router.hosts import gateway
from zdr_router.hosts.keys.base import Admission

needs_extra("gateway", "uvicorn")

from zdr_router.hosts.gateway.serving import workers  # noqa: E402 - after what may skip
from zdr_router.hosts.gateway.serving.self_test import self_test  # noqa: E402 - after what may skip
from zdr_router.hosts.gateway.serving.workers import listen, settings_of  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CONTENT = "the-content-of-this-request"


def file(folder: Path, url: str = "http://127.0.0.1:9/v1", **members: Any) -> Path:
    grant = {
        "basis": "self_operated",
        "stated_by": "tests",
        "since": f"{TODAY}",
        "until": f"{TODAY.replace(year=TODAY.year + 1, day=1)}",
    }
    account = {"configuration": "llama-cpp/self-operated", "base_url": url, "grant": grant}
    written = {
        "policy": {"minimum_grade": "contracted", "cache": "host_memory"},
        "accounts": {"a": account},
        "routes": {"chat": {"targets": ["a/m"], "retries": 0}},
        **members,
    }
    path = folder / "zdr.yaml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    return path


def free() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


class Process:
    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.lines: list[dict[str, Any]] = []

    async def until(self, event: str) -> dict[str, Any]:
        async with asyncio.timeout(50):
            while line := await self.process.stderr.readline():
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(self.lines)

    async def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.gather(self.process.stderr.read(), self.process.wait())
        self.lines += [json.loads(line) for line in rest.splitlines()]
        return self.process.returncode

    @property
    def events(self) -> list[str]:
        return [each["event"] for each in self.lines]


@contextlib.asynccontextmanager
async def served(path: Path, port: int) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "zdr_router", "serve", "--json", "-c", str(path))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=dict(os.environ))
    try:
        made = Process(process, port)
        await made.until("listening")
        yield made
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_serves_and_ends_when_what_is_under_way_has_ended(tmp_path):
    answer_now, port = asyncio.Event(), free()
    async with Upstream(up.ok(), up.when(answer_now, up.ok())) as upstream:
        path = file(tmp_path, upstream.url, gateway={"listen": f"127.0.0.1:{port}", "keys": "none", "notice": "100ms"})
        async with served(path, port) as it, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            first = await http.post(f"/v1/chat/completions?{CONTENT}", json=ASKING)
            second = asyncio.create_task(http.post("/v1/chat/completions", json=ASKING))
            await upstream.next_request()
            await upstream.next_request()
            it.process.send_signal(signal.SIGTERM)
            await it.until("draining")
            answer_now.set()
            assert (await second).status_code == 200
            await it.process.wait()
            it.lines += [json.loads(line) for line in (await it.process.stderr.read()).splitlines()]
    assert first.status_code == 200
    assert it.process.returncode == 0
    assert it.events[-1] == "ended"
    assert CONTENT not in repr(it.lines)
    assert [line["status"] for line in it.lines if line["event"] == "answered"] == [403, 200, 200]


async def test_tls_from_files_that_are_followed(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        self_signed(tmp_path / name)
    for name in ("ca.pem", "key.pem"):
        shutil.copy(tmp_path / "one" / name, tmp_path / name)
    port = free()
    entry = {"listen": f"127.0.0.1:{port}", "keys": "none", "tls": {"certificate": "ca.pem", "key": "key.pem"}}

    async def ask(name: str) -> httpx.Response:
        context = ssl.create_default_context(cafile=str(tmp_path / name / "ca.pem"))
        async with httpx.AsyncClient(verify=context) as http:
            return await http.get(f"https://127.0.0.1:{port}/healthz")

    async with served(file(tmp_path, gateway=entry), port) as it:
        assert "max-age" in (await ask("one")).headers["strict-transport-security"]
        for name in ("key.pem", "ca.pem"):
            shutil.copy(tmp_path / "two" / name, tmp_path / name)
        await it.until("certificate reloaded")
        assert (await ask("two")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await ask("one")
        assert await it.end() == 0


async def test_several_workers_are_spawned_replaced_and_ended(tmp_path):
    port = free()
    entry = {"listen": f"127.0.0.1:{port}", "keys": "none", "workers": 2}
    (tmp_path / "salt").write_text("0123456789abcdef0123456789abcdef")
    path = file(tmp_path, gateway=entry, salt={"file": "salt"}, state={"trust": {"file": "trust.jsonl"}})
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "zdr_router", "trust", "init", "-c", str(path))
    assert await made.wait() == 0
    async with served(path, port) as it:
        await it.until("listening")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/readyz")).status_code == 200
        assert await it.end() == 0
    assert it.events.count("ended") == 2


async def test_keys_are_asked_for(tmp_path):
    needs_extra("store", "sqlalchemy", "aiosqlite")
    port = free()
    (tmp_path / "pepper").write_text("p" * 40)
    keys = {"store": {"file": "keys.db"}, "pepper": {"file": "pepper"}}
    async with Upstream() as upstream:
        path = file(tmp_path, upstream.url, gateway={"listen": f"127.0.0.1:{port}"}, keys=keys)
        adding = ("keys", "add", "one", "-c", str(path), "--out", str(tmp_path / "one.key"), "--route", "chat")
        made = await asyncio.create_subprocess_exec(sys.executable, "-m", "zdr_router", *adding)
        assert await made.wait() == 0
        key = (tmp_path / "one.key").read_text().strip()
        async with served(path, port) as it, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            none = await http.post("/v1/chat/completions", json=ASKING)
            some = await http.post("/v1/chat/completions", json=ASKING, headers={"authorization": f"Bearer {key}"})
            listed = await http.get("/v1/models", headers={"authorization": f"Bearer {key}"})
            assert await it.end() == 0
    assert (none.status_code, some.status_code) == (401, 200)
    assert [each["id"] for each in listed.json()["data"]] == ["chat"]
    assert any(line.get("key") == "self-test" for line in it.lines)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"listen": "0.0.0.0:8080", "keys": "none"}, "loopback only"),
        ({"listen": "0.0.0.0:8080"}, "in the clear"),
        ({"listen": "gateway.internal:8080"}, "in the clear"),
        ({"listen": "127.0.0.1:99999", "keys": "none"}, "no such port"),
        ({"listen": "127.0.0.1:8080", "keys": "none", "workers": 2}, "several workers"),
        ({"metrics": "0.0.0.0:9090"}, "loopback only"),
        ({"metrics": "0.0.0.0:9090", "metrics_key": {"file": "pepper"}}, "in the clear"),
        ({"metrics": "127.0.0.1:99999"}, "no such port"),
    ],
)
def test_what_it_must_not_do_is_a_fault_of_the_file(tmp_path, entry, says):
    (tmp_path / "pepper").write_text("p" * 40)
    keys = {"store": {"file": "keys.db"}, "pepper": {"file": "pepper"}}
    path = file(tmp_path, gateway=entry, keys=keys)
    with pytest.raises(ConfigError, match=says) as raised:
        settings_of(load(path), path)
    assert raised.value.problems[0].line > 0


def test_a_file_that_does_not_say_who_may_ask_serves_nobody(tmp_path):
    path = file(tmp_path)
    with pytest.raises(ConfigError, match="who may ask"):
        settings_of(load(path), path)


@pytest.mark.parametrize("listening", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_loopback_may_be_in_the_clear(tmp_path, listening):
    settings = settings_of(load(path := file(tmp_path, gateway={"listen": listening, "keys": "none"})), path)
    assert settings.is_open


def test_a_port_that_is_taken_is_said_with_its_place():
    with listen(ServeSettings(port=0)) as first, pytest.raises(ConfigError, match="cannot listen"):
        listen(ServeSettings(port=first.getsockname()[1], source="zdr.yaml:9"))


async def test_who_lets_everything_pass_does_not_serve():
    class Anybody:
        async def admit(self, *_args, **_more):
            return Admission("anybody")

    from deployments import router as router_over  # noqa: PLC0415 - for this test

    async with router_over("http://127.0.0.1:9/v1") as router:
        with pytest.raises(ConfigError, match="without a key"):
            await self_test(gateway.app(router, keys=Anybody()))
        sound = gateway.app(router)
        await self_test(sound)
        router.answer = None
        with pytest.raises(ConfigError, match="a parameter that nobody knows"):
            await self_test(sound)


async def test_the_trust_page_is_at_the_root_and_goes_by_what_was_refused(tmp_path):
    port = free()
    async with Upstream() as upstream:
        listen = f"127.0.0.1:{port}"
        path = file(tmp_path, upstream.url, gateway={"listen": listen, "keys": "none", "service": "Acme Models"})
        async with served(path, port) as it, httpx.AsyncClient(base_url=f"http://{listen}", timeout=30) as http:
            page, style = await http.get("/"), await http.get("/page.css")
            missing = await http.get("/nothing-here")
            assert await it.end() == 0
    assert (page.status_code, style.status_code, missing.status_code) == (200, 200, 404)
    assert "Acme Models" in page.text
    assert re.search(r"ZDR6\d\d", page.text)  # the self-test was refused, and counted
    assert str(tmp_path) not in page.text


async def test_a_gateway_without_a_page_has_nothing_at_the_root(tmp_path):
    port = free()
    path = file(tmp_path, gateway={"listen": f"127.0.0.1:{port}", "keys": "none", "page": False})
    async with served(path, port), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        assert (await http.get("/")).status_code == 404


def test_the_clear_beyond_loopback_is_allowed_where_that_is_said(tmp_path, caplog):
    (tmp_path / "pepper").write_text("p" * 40)
    keys = {"store": {"file": "keys.db"}, "pepper": {"file": "pepper"}}
    entry = {"listen": "0.0.0.0:8080", "unsafe_cleartext": True}
    settings = settings_of(load(path := file(tmp_path, gateway=entry, keys=keys)), path)
    assert (settings.host, settings.certificate, settings.is_open) == ("0.0.0.0", None, False)  # noqa: S104 - the point
    workers.tell_what_is_dangerous(path, settings)
    assert "unsafe_cleartext is in force" in caplog.text
    elsewhere = settings_of(load(path), path, Alone("[::]:8090"))
    assert (elsewhere.host, elsewhere.port) == ("::", 8090)


async def test_it_serves_in_the_clear_beyond_loopback_where_that_is_said(tmp_path):
    needs_extra("store", "sqlalchemy", "aiosqlite")
    port = free()
    key, path = await with_a_key(tmp_path, "http://127.0.0.1:9/v1", listen=f"0.0.0.0:{port}", unsafe_cleartext=True)
    async with served(path, port) as it, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/v1/models", headers={"authorization": f"Bearer {key}"})).status_code == 200
        assert (await http.get("/v1/models")).status_code == 401
        assert await it.end() == 0
    assert any(event.startswith("unsafe_cleartext is in force") for event in it.events)


async def with_a_key(folder: Path, url: str, *options: str, **entry: Any) -> tuple[str, Path]:
    """A key, and the file of a gateway that asks for it."""
    (folder / "pepper").write_text("p" * 40)
    path = file(folder, url, gateway=entry, keys={"store": {"file": "keys.db"}, "pepper": {"file": "pepper"}})
    return await another_key(folder, path, "one", *options), path


async def another_key(folder: Path, path: Path, name: str, *options: str) -> str:
    adding = ["keys", "add", name, "-c", str(path), "--out", str(folder / f"{name}.key"), *options]
    assert (await asyncio.to_thread(CliRunner().invoke, command_line, adding)).exit_code == 0
    return (folder / f"{name}.key").read_text().strip()


async def test_another_section_keys_is_followed_while_it_runs(tmp_path):
    needs_extra("store", "sqlalchemy", "aiosqlite")
    port = free()
    first, path = await with_a_key(tmp_path, "http://127.0.0.1:9/v1", listen=f"127.0.0.1:{port}")
    written = yaml.safe_load(path.read_text())
    written["keys"]["store"]["file"] = "other.db"
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(written))
    second = await another_key(tmp_path, other, "two")

    async def status(key: str) -> int:
        return (await http.get("/v1/models", headers={"authorization": f"Bearer {key}"})).status_code

    async with served(path, port) as it, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await status(first), await status(second)) == (200, 401)
        other.replace(path)
        async with asyncio.timeout(30):
            while await status(second) != 200:  # noqa: ASYNC110 - as a caller sees it
                await asyncio.sleep(0.2)
        assert await status(first) == 401
        del written["keys"]  # which must not open the door
        path.write_text(yaml.safe_dump(written))
        await it.until("keys not reloaded, the old ones stay in force")
        assert (await status(first), await status(second)) == (401, 200)
        assert await it.end() == 0


async def test_mcp_is_beside_it_with_the_same_keys(tmp_path):
    needs_extra("store", "sqlalchemy", "aiosqlite")
    needs_extra("mcp", "mcp")
    import mcp_here  # noqa: PLC0415 - it needs the extra

    port = free()
    async with Upstream() as upstream:
        key, path = await with_a_key(tmp_path, upstream.url, "--route", "chat", listen=f"127.0.0.1:{port}", mcp=True)
        async with served(path, port) as it:
            assert (await mcp_here.post(f"http://127.0.0.1:{port}")).status_code == 401
            async with mcp_here.client(f"http://127.0.0.1:{port}", key) as connected:
                listed = await connected.call_tool("list_models", {})
                answer = await connected.call_tool("ask", mcp_here.ASK)
            assert await it.end() == 0
    assert [each["route"] for each in listed.structured_content["routes"]] == ["chat"]
    assert answer.structured_content["finish_reason"] == "stop"
    told = [(line["operation"], line["status"], line["key"]) for line in it.lines if line["event"] == "answered"]
    assert told[:4] == [  # what it asks itself
        ("chat.completions", 401, "none"),
        ("chat.completions", 403, "self-test"),
        ("mcp", 401, "none"),
        ("mcp.ask", 200, "self-test"),
    ]
    assert {("mcp.list_models", 200), ("mcp.ask", 200)} <= {(operation, status) for operation, status, _ in told[4:]}


async def test_several_workers_give_the_counts_of_all(tmp_path):
    port, metrics = free(), free()
    entry = {"listen": f"127.0.0.1:{port}", "keys": "none", "workers": 2, "metrics": f"127.0.0.1:{metrics}"}
    (tmp_path / "salt").write_text("0123456789abcdef0123456789abcdef")
    path = file(tmp_path, gateway=entry, salt={"file": "salt"}, state={"trust": {"file": "trust.jsonl"}})
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "zdr_router", "trust", "init", "-c", str(path))
    assert await made.wait() == 0

    async def ask(where: int, path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient() as http:  # a connection of its own, which either worker may take
            return await http.get(f"http://127.0.0.1:{where}{path}", headers=headers)

    async def ready() -> int:
        text = (await ask(metrics, "/metrics")).text
        found = re.search(r'operation="readyz",status="200"} (\d+)', text)
        return int(found[1]) if found else 0

    async with served(path, port) as it:
        await it.until("listening")
        for _ in range(40):
            await ask(port, "/readyz")
        seen = [await ready() for _ in range(10)]
        async with asyncio.timeout(20):
            while await ready() != 40:  # noqa: ASYNC110 - as a scraper sees it
                await asyncio.sleep(0.1)
        assert [await ready() for _ in range(10)] == [40] * 10
        assert seen == sorted(seen)
        assert (await ask(port, "/metrics")).status_code == 404
        assert (await ask(metrics, "/metrics", host="elsewhere.example.com")).status_code == 421
        assert (await ask(metrics, "/v1/models")).status_code == 404
        assert await it.end() == 0


async def test_the_address_of_the_counts_may_ask_for_a_key_and_speaks_the_same_tls(tmp_path):
    certificate = self_signed(tmp_path)
    port, metrics = free(), free()
    (tmp_path / "metrics.key").write_text("k" * 40)
    entry = {
        "listen": f"127.0.0.1:{port}",
        "keys": "none",
        "metrics": f"127.0.0.1:{metrics}",
        "metrics_key": {"file": "metrics.key"},
        "tls": {"certificate": "ca.pem", "key": "key.pem"},
    }
    context = ssl.create_default_context(cafile=certificate.path)
    async with served(file(tmp_path, gateway=entry), port), httpx.AsyncClient(verify=context) as http:
        url = f"https://127.0.0.1:{metrics}/metrics"
        assert (await http.get(url)).status_code == 401
        assert (await http.get(url, headers={"authorization": f"Bearer {'k' * 40}"})).status_code == 200
