"""The plugin is run by a pytest of its own, as a host's tests would run it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OPERATOR = """\
policy: {minimum_grade: contracted, cache: host_memory}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: http://127.0.0.1:9/v1
routes: {assistant: {targets: [local/m]}}
"""


@pytest.fixture
def host(tmp_path):
    """Run a host's tests; gives the finished process."""

    def run(tests, *arguments, ini=""):
        (tmp_path / "test_host.py").write_text(tests, encoding="utf-8")
        (tmp_path / "zdr.yaml").write_text(OPERATOR, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n", encoding="utf-8")
        # Loaded by name alone, whether or not the package's entry points are installed here.
        known = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "zdr_router.pytest_plugin"]
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=known, capture_output=True, text=True, timeout=50, check=False
        )

    return run


FIXTURES = """\
from zdr_router import Policy, Registry

def test_policy(zdr_policy):
    assert isinstance(zdr_policy, Policy)
    assert (zdr_policy.cache, zdr_policy.tolerate) == ("host_memory", [])

def test_registry(zdr_registry):
    assert isinstance(zdr_registry, Registry)
    assert "groq/zdr" in zdr_registry.configurations
"""


@pytest.mark.parametrize(("arguments", "ini"), [(("--zdr-config", "zdr.yaml"), ""), ((), "zdr_config = zdr.yaml")])
def test_the_fixtures_are_of_the_operators_file(host, arguments, ini):
    result = host(FIXTURES, *arguments, ini=ini)
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout


def test_without_a_file_there_is_the_shipped_registry_and_no_policy(host):
    result = host(FIXTURES)
    assert "1 passed, 1 error" in result.stdout
    assert "give --zdr-config FILE" in result.stdout


def test_a_file_with_a_fault_fails_the_test_that_asks_with_its_place(host):
    result = host(FIXTURES, "--zdr-config", "absent.yaml")
    assert result.returncode != 0
    assert "absent.yaml" in result.stdout
    assert "2 errors" in result.stdout


LEAKS = """\
KEPT = []

def test_nothing_stays(zdr_leaks):
    with zdr_leaks.watching() as planted:
        assert planted.word()
    assert planted.findings == ()

def test_it_stays(zdr_leaks):
    with zdr_leaks.watching() as planted:
        KEPT.append(planted.word())
    assert [each.detector for each in planted.findings] == ["objects"]

def test_the_library(zdr_leaks):
    report = zdr_leaks.library(only=["answer"])
    assert report.clean, report
"""


@pytest.mark.timeout(120)
def test_the_leak_kit_is_a_fixture(host):
    result = host(LEAKS)
    assert "3 passed" in result.stdout, result.stdout


def test_a_session_that_asks_for_nothing_loads_nothing(host):
    result = host(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    heavy = {'pydantic', 'yaml', 'aiohttp', 'typer', 'rich', 'orjson', 'cachetools'}\n"
        "    assert heavy.isdisjoint(sys.modules)\n"
        "    ours = {name for name in sys.modules if name.startswith('zdr_router')}\n"
        "    assert ours == {'zdr_router', 'zdr_router.pytest_plugin'}\n",
        ini="zdr_config = zdr.yaml",
    )
    assert result.returncode == 0, result.stdout


def test_pytest_is_told_of_the_plugin():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert declared["entry-points"]["pytest11"] == {"zdr_router": "zdr_router.pytest_plugin"}
