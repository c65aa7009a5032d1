"""One module imports litellm, and only when a target needs it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import configuration, one_authority, registry, router
from litellm_library import library

import zdr_router
from zdr_router import Account, AsyncRouter, ConfigError, Policy
from zdr_router.driver import codecs as driver_codecs
from zdr_router.policy.accounts import SecretSource

SOURCES = Path(zdr_router.__file__).parent


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def test_one_module_imports_litellm():
    using = [path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py") if "litellm" in imports(path)]
    assert using == ["dialects/litellm/library.py"]


def test_to_import_and_to_open_a_router_loads_no_litellm():
    code = (
        "import sys, asyncio, zdr_router\n"
        "from zdr_router import AsyncRouter, Registry\n"
        "import zdr_router.driver.codecs as codecs\n"
        "codecs.spoken()\n"
        "asyncio.run(codecs.load_codecs({'openai': '', 'litellm:azure': ''}))\n"
        "print('litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=55, check=True)
    assert done.stdout.strip() == "False"


def bedrock() -> AsyncRouter:
    made = configuration(hosts=["http://127.0.0.1:9"], dialect="litellm:bedrock", credentials={"auth": "bearer"})
    account = Account(configuration=made.id, api_key=SecretSource(env="KEY"))
    return AsyncRouter(
        registry=registry(made),
        policy=Policy(minimum_grade="documented"),
        accounts={"a": account},
        routes={"chat": ["a/m"]},
        transport=one_authority(),
        environ={"KEY": "x"},
    )


async def test_without_litellm_a_target_that_needs_it_is_refused_and_no_router_opens(monkeypatch):
    monkeypatch.setattr(driver_codecs, "installed", lambda: None)
    monkeypatch.setattr("zdr_router.dialects.litellm.library.installed", lambda: None)
    made = bedrock()
    (refusal,) = made.explain(model="chat").refusals
    assert refusal.id == "ZDR705"
    assert refusal.fix.endswith('or install "zdr-router[litellm]"')
    with pytest.raises(ConfigError, match="litellm is not installed"):
        async with made:
            pass


async def test_without_litellm_the_fault_names_the_account_that_needs_it(monkeypatch, tmp_path):
    monkeypatch.setattr("zdr_router.dialects.litellm.library.installed", lambda: None)
    file = tmp_path / "zdr.yaml"
    file.write_text(
        "policy: {minimum_grade: contracted, cache: host_memory}\n"
        "accounts:\n"
        "  claude: {configuration: anthropic/zdr, api_key: {env: KEY}}\n"
        "routes:\n"
        "  chat: {targets: [claude/claude-haiku-4-5]}\n"
    )
    with pytest.raises(ConfigError, match=r"zdr\.yaml:3: .* litellm is not installed; install"):
        async with AsyncRouter.from_config(file, environ={"KEY": "x"}):
            pass


async def test_without_litellm_everything_else_works(monkeypatch):
    monkeypatch.setattr("zdr_router.dialects.litellm.library.installed", lambda: None)
    async with router("http://127.0.0.1:9/v1"):
        pass


async def test_with_litellm_the_target_is_cleared():
    library()
    made = bedrock()
    assert made.explain(model="chat").refusals == ()
    async with made:
        pass
