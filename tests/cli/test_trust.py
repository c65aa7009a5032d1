from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import pwd
import sys

import pytest
from deployments import LLAMA, SAYING, TODAY
from here import needs_extra
from redis_server import RedisServer
from upstream import Upstream

from zdr_router import AsyncRouter, Refused
from zdr_router.cli.exits import Code
from zdr_router.state.trust_file import FileTrust

CHANGES = [("revoke", "groq"), ("release", "groq")]


@pytest.fixture
def config(operator):
    """An operator's file that names a trust state, which is not made yet."""
    path = operator()
    path.write_text(path.read_text() + "\nstate: {trust: {file: trust.json}}\n")
    return path


@pytest.fixture
def made(zdr, config):
    assert zdr("trust", "init", "-c", config).exit_code == Code.DONE
    return config


def against(config):
    trust = FileTrust(config.parent / "trust.json").read()
    return {**trust.revoked, **trust.contradicted}


def test_a_revocation_is_written_with_who_and_why_and_says_what_it_takes_along(zdr, made):
    result = zdr("revoke", "account:local", "--why", "the key leaked", "-c", made)
    assert result.exit_code == Code.DONE
    assert "revoked account:local" in result.stdout
    assert "out of use: local/" in result.stdout
    shown = json.loads(zdr("trust", "show", "-c", made, "--json").stdout)
    (revoked,) = shown["revoked"]
    assert (revoked["subject"], revoked["why"]) == ("account:local", "the key leaked")
    assert revoked["by"] == pwd.getpwuid(os.geteuid()).pw_name


def test_a_release_says_what_is_possible_again_and_what_is_not(zdr, made):
    for subject in ("account:local", "provider:llama-cpp"):
        zdr("revoke", subject, "--why", "because", "-c", made)
    first = zdr("release", "account:local", "--why", "a new key", "-c", made, "--by", "security team")
    assert first.exit_code == Code.DONE
    assert "possible again, if policy allows: no target" in first.stdout
    assert "still out of use: local/" in first.stdout
    assert "for provider:llama-cpp" in first.stdout
    second = zdr("release", "provider:llama-cpp", "--why", "another product", "-c", made, "--json")
    assert json.loads(second.stdout)["targets"]
    assert against(made) == {}
    audit = zdr("trust", "show", "-c", made, "--changes").stdout
    assert [word for word in audit.split() if word in {"init", "revoke", "release"}] == [
        *("init", "revoke", "revoke", "release", "release")
    ]
    assert "security team" in audit


def test_explain_obeys_a_revocation(zdr, made):
    assert zdr("explain", "assistant", "-c", made).exit_code == Code.DONE
    zdr("revoke", "llama-cpp", "--why", "because", "-c", made)
    result = zdr("explain", "assistant", "-c", made)
    assert result.exit_code == Code.REFUSED
    assert "ZDR104" in result.stdout


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("groq", "provider:groq"),
        ("groq/zdr", "configuration:groq/zdr"),
        ("groq-prod", "account:groq-prod"),
        ("target:groq-prod/a-model-of-tomorrow", "target:groq-prod/a-model-of-tomorrow"),
        ("provider:mistral", "provider:mistral"),
    ],
)
def test_a_subject_is_named_in_full_or_by_a_name_that_is_clear(zdr, made, given, meant):
    assert zdr("revoke", given, "--why", "because", "-c", made).exit_code == Code.DONE
    assert set(against(made)) == {meant}


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("grok", "groq"),
        ("provider:grok", "provider:groq"),
        ("account:groq-prd", "account:groq-prod"),
        ("zzzzzzzz", "list"),
    ],
)
def test_an_unknown_subject_is_an_error_that_lists_the_near_ones(zdr, made, given, near):
    result = zdr("revoke", given, "--why", "because", "-c", made)
    assert result.exit_code == Code.USAGE
    assert near in result.stderr
    assert against(made) == {}


@pytest.mark.parametrize("command", ["revoke", "release"])
@pytest.mark.parametrize("why", [None, "", "two\nlines", "x" * 301])
def test_a_reason_of_one_line_is_asked_for(zdr, made, command, why):
    more = () if why is None else ("--why", why)
    assert zdr(command, "provider:groq", *more, "-c", made).exit_code == Code.USAGE
    assert against(made) == {}


def test_releasing_what_nothing_is_said_against_is_an_error(zdr, made):
    result = zdr("release", "provider:groq", "--why", "because", "-c", made)
    assert result.exit_code == Code.USAGE
    assert "nothing is said against provider:groq" in result.stderr


@pytest.mark.parametrize(
    "args", [("revoke", "groq", "--why", "x"), ("release", "groq", "--why", "x"), ("trust", "show")]
)
def test_without_a_trust_state_the_error_says_what_to_write_or_to_make(zdr, operator, config, args):
    named = zdr(*args, "-c", config)
    assert named.exit_code == Code.CONFIGURATION
    assert "zdr trust init" in named.stderr
    unnamed = zdr(*args, "-c", operator())
    assert unnamed.exit_code == Code.CONFIGURATION
    assert "state: {trust: {file: trust.json}}" in unnamed.stderr


def test_a_state_is_made_once(zdr, made):
    zdr("revoke", "provider:groq", "--why", "because", "-c", made)
    again = zdr("trust", "init", "-c", made)
    assert again.exit_code == Code.CONFIGURATION
    assert "there is a trust state already" in again.stderr
    assert zdr("trust", "init", "-c", made, "--again").exit_code == Code.USAGE
    assert zdr("trust", "init", "-c", made, "--again", "--why", "looked at").exit_code == Code.DONE
    assert set(against(made)) == {"provider:groq"}


def test_an_unreadable_state_is_replaced_on_purpose_and_kept(zdr, made):
    (made.parent / "trust.json").write_text("{")
    assert zdr("trust", "show", "-c", made).exit_code == Code.CONFIGURATION
    result = zdr("trust", "init", "-c", made, "--again", "--why", "spoilt")
    assert result.exit_code == Code.DONE
    assert "nothing is revoked now" in result.stderr
    assert len(list(made.parent.glob("trust.json.unreadable-*"))) == 1


def test_a_fleet_is_told_through_redis(zdr, operator, tmp_path):
    needs_extra("redis", "redis")
    with RedisServer(tmp_path) as server:
        config = operator()
        config.write_text(config.read_text() + f'\nstate: {{trust: {{redis: {{url: "{server.url}"}}}}}}\n')
        assert zdr("trust", "show", "-c", config).exit_code == Code.CONFIGURATION
        assert zdr("trust", "init", "-c", config).exit_code == Code.DONE
        assert zdr("explain", "assistant", "-c", config).exit_code == Code.DONE
        assert zdr("revoke", "account:local", "--why", "because", "-c", config).exit_code == Code.DONE
        assert zdr("explain", "assistant", "-c", config).exit_code == Code.REFUSED
        assert zdr("release", "account:local", "--why", "because", "-c", config).exit_code == Code.DONE
        assert "0 revoked" in zdr("trust", "show", "-c", config).stdout


async def run(*arguments: str) -> None:
    """The command in a process of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "zdr_router", *arguments)
    assert await process.wait() == 0


@pytest.mark.parametrize("kept", ["file", "redis"])
async def test_a_revocation_from_the_command_line_stops_the_next_request_of_an_open_router(kept, tmp_path):
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(Upstream())
        place = "{file: trust.json}"
        if kept == "redis":
            place = f"{{redis: {{url: '{stack.enter_context(RedisServer(tmp_path)).url}'}}}}"
        config = tmp_path / "zdr.yaml"
        until = TODAY + dt.timedelta(30)
        config.write_text(f"""
policy: {{minimum_grade: contracted, cache: host_memory}}
accounts:
  a:
    configuration: {LLAMA}
    base_url: {server.url}
    grant: {{basis: self_operated, stated_by: tests, since: {TODAY}, until: {until}}}
routes: {{chat: {{targets: [a/m]}}}}
state: {{trust: {place}}}
""")
        await run("trust", "init", "-c", str(config))
        router = await stack.enter_async_context(AsyncRouter.from_config(config))
        await asyncio.sleep(1.0)
        assert (await router.chat(model="chat", messages=SAYING)).text == "ok"
        await run("revoke", f"configuration:{LLAMA}", "--why", "the terms changed", "-c", str(config))
        await asyncio.sleep(1.0)
        with pytest.raises(Refused) as raised:
            await router.chat(model="chat", messages=SAYING)
        assert [each.id for each in raised.value.refusals] == ["ZDR104"]
        await run("release", f"configuration:{LLAMA}", "--why", "read again", "-c", str(config))
        await asyncio.sleep(1.0)
        assert (await router.chat(model="chat", messages=SAYING)).text == "ok"
