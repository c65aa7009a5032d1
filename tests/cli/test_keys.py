"""`zdr keys`: what is made is given once, to the place that was meant, and is in no other."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys

import pytest
from here import needs_extra

from zdr_router.cli.exits import Code
from zdr_router.hosts.keys.token import parse

needs_extra("store", "sqlalchemy", "aiosqlite")

PEPPER = {"ZDR_PEPPER": "pepper-of-the-tests-and-of-nobody-else"}
KEY = re.compile(r"zdr_[0-9A-Za-z]{61}")


@pytest.fixture
def config(operator):
    path = operator()
    section = "\nkeys: {store: {file: keys.db}, pepper: {env: ZDR_PEPPER}}\n"
    path.write_text(path.read_text() + section, encoding="utf-8")
    return path


@pytest.fixture
def keys(zdr, config):
    def run(*args):
        return zdr("keys", *args, "-c", config, env=PEPPER)

    return run


@pytest.fixture
def made(keys):
    """A key of acme, and its text."""
    result = keys("add", "backend", "--tenant", "acme", "--customer", "c-1", "--usd-per-day", "20", "--print")
    assert result.exit_code == Code.DONE, result.stderr
    text = result.stdout.strip()
    return parse(text).id, text


def test_a_key_is_printed_alone_and_only_where_that_was_asked_for(keys):
    result = keys("add", "backend", "--print")
    assert KEY.fullmatch(result.stdout.strip())
    assert "keep it now" in result.stderr
    assert not KEY.search(result.stderr)
    refused = keys("add", "backend")
    assert (refused.exit_code, refused.stdout) == (Code.USAGE, "")
    assert "--out FILE, or say --print" in refused.stderr
    assert len(json.loads(keys("list", "--json").stdout)) == 1


def test_a_cap_that_does_not_count_everything_is_said(keys):
    result = keys("add", "backend", "--usd-per-day", "5", "--print")
    assert "warning: what these answer is not counted against the cap" in result.stderr
    assert "local/any" in result.stderr
    assert "warning" not in keys("add", "backend", "--print").stderr


def test_a_key_in_a_file_is_its_owners_alone_and_is_said_nowhere(keys, tmp_path):
    out = tmp_path / "acme.key"
    result = keys("add", "backend", "--out", out)
    assert result.exit_code == Code.DONE
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert KEY.fullmatch(out.read_text().strip())
    assert not KEY.search(result.stdout + result.stderr)
    again = keys("add", "backend", "--out", out)
    assert again.exit_code == Code.USAGE
    assert "is there already" in again.stderr
    assert len(json.loads(keys("list", "--json").stdout)) == 1
    assert json.loads(keys("add", "b", "--out", tmp_path / "b.key", "--json").stdout).keys() == {"key", "name", "file"}


def test_a_key_that_could_not_be_kept_is_not_left_in_a_file(keys, tmp_path):
    (tmp_path / "keys.db").mkdir()
    out = tmp_path / "acme.key"
    result = keys("add", "backend", "--out", out)
    assert result.exit_code == Code.CONFIGURATION
    assert "cannot be read or written" in result.stderr
    assert not out.exists()


def test_a_terminal_is_shown_the_key(config):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "zdr_router", "keys", "add", "backend", "-c", str(config)]
    subprocess.run(command, env={**os.environ, **PEPPER}, stdout=theirs, stderr=theirs, timeout=50, check=True)
    os.close(theirs)
    assert KEY.search(os.read(ours, 10_000).decode())
    os.close(ours)


def test_what_is_kept_holds_no_key(keys, made, tmp_path):
    _, text = made
    keys("rotate", made[0], "--print")
    for file in tmp_path.glob("keys.db*"):
        found = file.read_bytes()
        assert text.encode() not in found
        assert parse(text).secret.open().encode() not in found
    for args in (["list", "--all"], ["show", made[0]], ["list", "--json"], ["show", made[0], "--json"]):
        shown = keys(*args).stdout
        assert parse(text).secret.open() not in shown
        assert "hash" not in shown


def test_a_key_is_listed_shown_and_revoked(keys, made):
    id_, _ = made
    assert f"{id_}  backend  acme    c-1       20 USD/day" in keys("list").stdout
    shown = json.loads(keys("show", id_, "--json").stdout)
    assert (shown["tenant"], shown["state"], shown["limits"]["usd_per_day"]) == ("acme", "good", 20.0)
    assert "0.0000 USD today" in keys("show", id_).stdout
    assert "revoked" in keys("revoke", id_).stdout
    assert "0 keys; 1 more are not shown" in keys("list").stdout
    assert json.loads(keys("list", "--all", "--json").stdout)[0]["state"] == "revoked"
    first = json.loads(keys("revoke", id_, "--json").stdout)["at"]
    assert json.loads(keys("revoke", id_, "--json").stdout)["at"] == first


def test_a_rotated_key_keeps_its_id_and_a_revoked_one_is_not_rotated(keys, made):
    id_, text = made
    result = keys("rotate", id_, "--overlap", "7d", "--print")
    assert result.exit_code == Code.DONE
    assert parse(result.stdout.strip()).id == id_
    assert result.stdout.strip() != text
    assert json.loads(keys("show", id_, "--json").stdout)["former_until"] is not None
    keys("revoke", id_)
    refused = keys("rotate", id_, "--print")
    assert (refused.exit_code, refused.stdout) == (Code.USAGE, "")
    assert "not good any more" in refused.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["add", "x", "--tenant", "nobody", "--print"], "there is no tenant nobody"),
        (["add", "x", "--route", "nowhere", "--print"], "there is no route nowhere"),
        (["add", "x", "--endpoint", "files", "--print"], "there is no endpoint files"),
        (["add", "x", "--policy", "{", "--print"], "--policy is not JSON"),
        (["add", "x", "--policy", '{"cash": "none"}', "--print"], "--policy is no policy: cash"),
        (["add", "x", "--policy", "{}", "--print"], "--policy is no policy: the whole"),
        (["add", "x", "--expires", "2020-01-01", "--print"], "--expires is a day that has begun"),
        (["add", "x", "--expires", "soon", "--print"], "--expires is not a date"),
        (["add", "x", "--customer", "Ada King", "--print"], "--customer is no identifier"),
        (["add", "a\nb", "--print"], "not one line of text"),
        (["add", "x", "--print", "--out", "somewhere"], "two places"),
        (["rotate", "000000000000", "--overlap", "soon", "--print"], "--overlap is no duration"),
        (["rotate", "000000000000", "--print"], "there is no key with this id"),
        (["revoke", "000000000000"], "there is no key with this id"),
        (["contact", "c-1", "--erase", "--name", "Ada"], "--erase and something to keep"),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do_and_makes_no_key(keys, args, said):
    result = keys(*args)
    assert (result.exit_code, result.stdout) == (Code.USAGE, "")
    assert said in result.stderr
    assert "next:" in result.stderr
    assert json.loads(keys("list", "--all", "--json").stdout) == []


def test_who_gives_the_key_where_its_id_is_asked_for_does_not_see_it_again(keys, made):
    _, text = made
    for command in ("show", "revoke", "rotate"):
        result = keys(command, text, *(["--print"] if command == "rotate" else []))
        assert result.exit_code == Code.USAGE
        assert text not in result.stderr


def test_who_is_behind_a_customer_is_set_changed_and_erased(keys, made):
    keys("contact", "c-1", "--name", "Ada King", "--email", "ada@example.com")
    changed = json.loads(keys("contact", "c-1", "--company", "Engines Ltd", "--json").stdout)
    assert changed["contact"] == {
        "customer": "c-1",
        "name": "Ada King",
        "email": "ada@example.com",
        "company": "Engines Ltd",
    }
    assert "Engines Ltd" in keys("contact", "c-1").stdout
    assert "Ada" not in keys("show", made[0]).stdout + keys("list").stdout
    assert json.loads(keys("contact", "c-1", "--erase", "--json").stdout)["erased"] is True
    assert "nothing is kept" in keys("contact", "c-1").stdout
    assert json.loads(keys("show", made[0], "--json").stdout)["customer"] == "c-1"


def test_a_file_without_a_place_for_keys_is_told_how_to_name_one(zdr, operator):
    result = zdr("keys", "list", "-c", operator())
    assert result.exit_code == Code.CONFIGURATION
    assert "keys: {store: {file: keys.db}" in result.stderr


def test_without_the_pepper_nothing_is_made(zdr, config):
    result = zdr("keys", "add", "x", "--print", "-c", config, env={"ZDR_PEPPER": None})
    assert (result.exit_code, result.stdout) == (Code.CONFIGURATION, "")
    assert "the pepper of API keys is not there" in result.stderr
