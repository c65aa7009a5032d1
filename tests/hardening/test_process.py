import os
import subprocess
import sys

import pytest
from deployments import parts

from zdr_router import AsyncRouter, ConfigError
from zdr_router.hardening import DEMANDED, harden
from zdr_router.hardening.process import BESIDE, prepared

OPEN = """
import asyncio, sys
sys.path.insert(0, "tests")
from deployments import router
{before}
async def main():
    async with router("http://127.0.0.1:9/v1"):
        print("open")
asyncio.run(main())
import resource
from zdr_router.hardening.process import is_dumpable
print(is_dumpable(), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


def zdr(*arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "zdr_router", "harden", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_router_in_a_hardened_process_makes_it_undumpable_and_works():
    ran = zdr("--", sys.executable, "-c", OPEN.format(before=""))
    assert (ran.stdout.split(), ran.returncode) == (["open", "False", "0"], 0), ran.stderr


def test_a_router_in_any_other_process_leaves_it_alone():
    ran = subprocess.run([sys.executable, "-c", OPEN.format(before="")], capture_output=True, text=True, check=True)
    assert ran.stdout.split()[:2] == ["open", "True"]


def test_a_router_does_not_open_beside_an_agent_that_came_later_unless_it_is_accepted():
    script = OPEN.format(before="sys.modules['ddtrace'] = sys")
    ran = zdr("--", sys.executable, "-c", script)
    assert ran.returncode == 1
    assert "the module ddtrace is loaded; leave it out, or accept it with `zdr harden --beside ddtrace`" in ran.stderr
    assert "open" not in ran.stdout
    assert zdr("--beside", "ddtrace", "--", sys.executable, "-c", script).stdout.startswith("open")


async def test_a_router_does_not_open_where_memory_is_not_overwritten(monkeypatch):
    monkeypatch.setenv(DEMANDED, "1")
    with pytest.raises(ConfigError, match="does not overwrite the memory that it frees; start it with `zdr harden"):
        await AsyncRouter(**parts("http://127.0.0.1:9/v1")).__aenter__()


def test_every_reason_is_given_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "newrelic", sys)
    monkeypatch.setitem(sys.modules, "elasticapm", sys)
    with pytest.raises(ConfigError) as raised:
        harden({BESIDE: "newrelic"})
    assert [problem.what for problem in raised.value.problems][:2] == [
        "this process does not overwrite the memory that it frees",
        "the module elasticapm is loaded",
    ]


def test_elsewhere_than_on_glibc_nothing_is_started(monkeypatch):
    monkeypatch.setattr("zdr_router.hardening.process.is_glibc", lambda: False)
    with pytest.raises(ConfigError, match="only a process on Linux with glibc"):
        prepared(["python"], {}, ())


def test_the_environment_says_what_was_accepted():
    made = prepared(["python"], {"SENTRY_DSN": "x", "HOME": "/"}, ("SENTRY_DSN", "sentry_sdk"))
    assert (made[DEMANDED], made[BESIDE], made["HOME"]) == ("1", "SENTRY_DSN,sentry_sdk", "/")
