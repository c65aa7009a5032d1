from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest

from zdr_router.cli.exits import Code
from zdr_router.config import load
from zdr_router.policy.accounts import fingerprint

KEY = "gsk-secret-of-the-test"
ENV = {"ZDR_TEST_GROQ": KEY}


@pytest.fixture
def state(zdr, day):
    """State a grant without questions."""

    def run(account, config, *more, env=ENV):
        return zdr("grant", account, "-c", config, "--stated-by", "security team", "--until", day(90), *more, env=env)

    return run


def without_grants(text):
    return [line for line in text.splitlines() if "stated_by" not in line]


def test_a_grant_is_written_and_everything_else_stays(state, operator, day):
    config = operator()
    before = config.read_text(encoding="utf-8")
    result = state("groq-prod", config, "--yes", "--reference", 'CHG-4812: "no" # retention')
    assert result.exit_code == Code.DONE
    after = config.read_text(encoding="utf-8")
    written = after.splitlines()
    added = [line for line in written if line not in before.splitlines()]
    assert [line for line in written if line not in added] == before.splitlines()
    grant = load(config, ENV).accounts["groq-prod"].grant
    assert grant.basis == "org_setting"
    assert (grant.stated_by, str(grant.since), str(grant.until)) == ("security team", day(0), day(90))
    assert grant.reference == 'CHG-4812: "no" # retention'
    assert grant.scope == {"organization": "org_1"}
    assert grant.credential == fingerprint("groq-prod", KEY)


def test_the_key_is_neither_written_nor_shown(state, operator):
    config = operator()
    result = state("groq-prod", config, "--yes")
    assert KEY not in result.output
    assert KEY not in config.read_text(encoding="utf-8")


def test_with_the_grant_the_route_may_serve(state, zdr, operator):
    config = operator()
    state("groq-prod", config, "--yes")
    result = zdr("explain", "hosted", "-c", config, env=ENV)
    assert "ZDR30" not in result.stdout
    assert "ZDR401" not in result.stdout
    other = zdr("explain", "hosted", "-c", config, env={"ZDR_TEST_GROQ": "another"})
    assert "ZDR305" in other.stdout


def test_an_older_grant_is_replaced(state, operator, day):
    config = operator()
    result = state("local", config, "--yes", "--since", day(-3))
    assert result.exit_code == Code.DONE
    assert "replaces: the grant by platform team" in result.stderr
    text = config.read_text(encoding="utf-8")
    assert "platform team" not in text
    assert "# Renewed each spring." in text
    assert str(load(config, ENV).accounts["local"].grant.since) == day(-3)


def test_a_second_grant_replaces_the_first_and_adds_no_line(state, operator):
    config = operator()
    state("groq-prod", config, "--yes")
    lines = config.read_text(encoding="utf-8").count("\n")
    state("groq-prod", config, "--yes", "--reference", "again")
    assert config.read_text(encoding="utf-8").count("\n") == lines + 1


def test_an_account_written_in_one_line_gets_its_grant_in_it(state, operator):
    config = operator()
    lines = config.read_text(encoding="utf-8").count("\n")
    assert state("spare", config, "--yes").exit_code == Code.DONE
    assert config.read_text(encoding="utf-8").count("\n") == lines
    assert load(config, ENV).accounts["spare"].grant.basis == "self_operated"


def test_the_statement_is_shown_before_it_is_made(state, operator):
    result = state("spare", operator(), "--yes")
    for part in ("llama-cpp/self-operated", "self_operated", ">=4000", "--slot-save-path", "/slots"):
        assert part in result.stderr


def test_permissions_and_links_stay(state, operator, tmp_path):
    config = operator()
    config.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(config)
    assert state("groq-prod", link, "--yes").exit_code == Code.DONE
    assert link.is_symlink()
    assert config.stat().st_mode & 0o7777 == 0o640
    assert load(config, ENV).accounts["groq-prod"].grant is not None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.yaml", "zdr.yaml"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_stay(state, operator, newline, mark):
    config = operator()
    data = mark + config.read_bytes().replace(b"\n", newline.encode())
    config.write_bytes(data)
    assert state("groq-prod", config, "--yes").exit_code == Code.DONE
    after = config.read_bytes()
    assert after.startswith(mark + b"# Our routes.")
    assert after.count(b"\n") == after.count(newline.encode())


def test_json_says_what_was_written_and_asks_nothing(state, operator):
    result = state("spare", operator(), "--yes", "--json")
    document = json.loads(result.stdout)
    assert (document["account"], document["replaced"]) == ("spare", False)
    assert document["grant"]["basis"] == "self_operated"


def test_a_file_that_cannot_be_changed_safely_is_left_and_the_text_printed(state, operator):
    config = operator()
    text = config.read_text(encoding="utf-8")
    old = text[text.index("grant: {") :].partition("\n")[0]
    with_comment = text.replace(old, old.replace("{", "{  # the old one\n      "))
    config.write_text(with_comment, encoding="utf-8")
    result = state("local", config, "--yes")
    assert result.exit_code == Code.CONFIGURATION
    assert "there is a comment inside what would be replaced" in result.stderr
    assert "    grant:\n      basis: self_operated\n" in result.stdout
    assert config.read_text(encoding="utf-8") == with_comment


# Root may write anywhere, unless it gives up the capability before it starts what is tested.
AS_A_USER = """
import ctypes, os, sys
if os.geteuid() == 0:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-m", "zdr_router", *sys.argv[1:]])
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_without_permission_to_write_the_file_is_left_and_the_text_printed(operator, day, what):
    config = operator()
    before = config.read_bytes()
    place, mode = (config, 0o444) if what == "file" else (config.parent, 0o555)
    place.chmod(mode)
    stated = ["--stated-by", "security team", "--until", day(90), "--yes"]
    command = [sys.executable, "-c", AS_A_USER, "grant", "groq-prod", "-c", str(config), *stated]
    result = subprocess.run(command, env={**os.environ, **ENV}, capture_output=True, text=True, timeout=30, check=False)
    config.parent.chmod(0o755)
    assert result.returncode == Code.CONFIGURATION, result.stderr
    assert "Permission denied" in result.stderr
    assert "grant:" in result.stdout
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("account", "more", "code", "sentence"),
    [
        ("nobody", (), Code.USAGE, "its accounts: local, groq-prod, spare"),
        ("groq-prod", ("--since", "2026-1-1"), Code.USAGE, "--since is not a date"),
        ("groq-prod", ("--until", "2020-01-01"), Code.USAGE, "`until` is before `since`"),
        ("groq-prod", ("--since", "2019-01-01", "--until", "2020-01-01"), Code.USAGE, "lapsed already"),
        ("groq-prod", ("--stated-by", " "), Code.USAGE, "--stated-by is empty"),
        ("groq-prod", ("--scope", "organization"), Code.USAGE, "KEY=VALUE"),
        ("groq-prod", ("--scope", "organization=org_2"), Code.CONFIGURATION, "scope: {organization: org_2}"),
        ("groq-prod", ("--scope", "planet=earth"), Code.USAGE, "one of service, organization"),
    ],
)
def test_a_statement_that_would_not_hold_is_not_made(  # noqa: PLR0913, PLR0917 - one column each
    state, operator, account, more, code, sentence
):
    config = operator()
    before = config.read_bytes()
    result = state(account, config, "--yes", *more)
    assert result.exit_code == code
    assert sentence in result.stderr
    assert config.read_bytes() == before


def test_without_its_key_an_account_gets_no_grant(state, operator):
    config = operator()
    before = config.read_bytes()
    result = state("groq-prod", config, "--yes", env={"ZDR_TEST_GROQ": ""})
    assert result.exit_code == Code.CONFIGURATION
    assert "next:  set the environment variable ZDR_TEST_GROQ" in result.stderr
    assert config.read_bytes() == before


def test_what_needs_no_grant_takes_none(state, operator):
    config = operator()
    config.write_text(config.read_text(encoding="utf-8").replace("groq/zdr", "groq/default"), encoding="utf-8")
    result = state("groq-prod", config, "--yes")
    assert result.exit_code == Code.USAGE
    assert "groq/default needs no grant" in result.stderr


def test_a_configuration_that_keeps_something_and_a_long_grant_are_warned_of(state, operator, day):
    config = operator()
    text = config.read_text(encoding="utf-8").replace(
        "  spare: {configuration: llama-cpp/self-operated", "  spare: {configuration: llama-cpp/slot-save"
    )
    config.write_text(text, encoding="utf-8")
    result = state("spare", config, "--yes", "--until", day(800))
    assert result.exit_code == Code.DONE
    assert "no grant will clear it (ZDR201)" in result.stderr
    assert "more than a year" in result.stderr


@pytest.mark.parametrize(("more", "option"), [((), "--yes"), (("--yes",), "--stated-by")])
def test_without_a_terminal_nothing_is_asked(zdr, operator, day, more, option):
    config = operator()
    before = config.read_bytes()
    stated = ("--stated-by", "me") if option == "--yes" else ()
    result = zdr("grant", "spare", "-c", config, *stated, "--until", day(9), *more, stdin="y\n")
    assert result.exit_code == Code.USAGE
    assert option in result.stderr
    assert config.read_bytes() == before


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, *args, env):
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "zdr_router", *map(str, args)]
        known = {**os.environ, "TERM": "xterm", **env}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=known, close_fds=True)
        os.close(theirs)
        self.seen = ""

    def until(self, text):
        end = time.monotonic() + 20
        while text not in self.seen:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            try:
                piece = os.read(self._ours, 4096) if ready else b""
            except OSError:
                piece = b""
            if not piece:
                raise AssertionError(f"{text!r} did not come: {self.seen!r}")
            self.seen += piece.decode()

    def say(self, text):
        os.write(self._ours, f"{text}\n".encode())

    def end(self):
        code = self.process.wait(20)
        os.close(self._ours)
        return code


@pytest.mark.parametrize(("answer", "code"), [("y", Code.DONE), ("n", Code.FAILED)])
def test_on_a_terminal_whatever_is_missing_is_asked_for(operator, answer, code):
    config = operator()
    before = config.read_bytes()
    terminal = Terminal("grant", "groq-prod", "-c", config, "--reference", "", env=ENV)
    for question, reply in (("stated by:", "the night shift"), ("since [", ""), ("until, its last day [", "")):
        terminal.until(question)
        terminal.say(reply)
    terminal.until("state this for account groq-prod? [y/N]:")
    terminal.say(answer)
    terminal.until("wrote the grant" if code is Code.DONE else "nothing was stated")
    assert terminal.end() == code
    assert KEY not in terminal.seen
    assert "\x1b[" in terminal.seen
    if code is Code.DONE:
        assert load(config, ENV).accounts["groq-prod"].grant.stated_by == "the night shift"
    else:
        assert config.read_bytes() == before


ACME = """\
schema: 1
provider: {id: acme, name: Acme, legal_entity: "Acme, Inc.", country: US}
configurations:
  - id: acme/zdr
    title: Acme, zero retention set on the project
    hosts: ["https://api.{region}.acme.example/v1"]
    credentials: {auth: aws_sigv4}
    endpoints: [chat.completions]
    mechanism: {kind: project_setting, scope: account, fail_mode: closed}
    flags: {}
    models: [{id: m}]
    attestation:
      observed: 2026-11-20
      expires: 2027-02-10
      evidence: [{kind: terms, locator: all, observed: 2026-11-20, confidence: high}]
"""
ACME_OPERATOR = """\
registry: {providers: [acme.yaml]}
policy: {cache: none}
accounts:
  aws:
    configuration: acme/zdr
    base_url: https://api.eu-1.acme.example/v1
    credentials: {access_key_id: {env: ZDR_TEST_ID}, secret_access_key: {file: secret}}
routes:
  chat: {targets: [aws/m]}
"""


def test_a_grant_is_bound_to_all_parts_of_a_credential(state, tmp_path):
    (tmp_path / "acme.yaml").write_text(ACME, encoding="utf-8")
    config = tmp_path / "zdr.yaml"
    config.write_text(ACME_OPERATOR, encoding="utf-8")
    env = {"ZDR_TEST_ID": "AKIDEXAMPLE"}
    refused = state("aws", config, "--yes", env=env)
    assert refused.exit_code == Code.CONFIGURATION
    assert "set the environment variable ZDR_TEST_ID and provide the file secret" in refused.stderr
    (tmp_path / "secret").write_text(KEY, encoding="utf-8")
    stated = state("aws", config, "--yes", env=env)
    assert stated.exit_code == Code.DONE
    assert KEY not in stated.output + config.read_text(encoding="utf-8")
    canonical = f'{{"access_key_id":"AKIDEXAMPLE","secret_access_key":"{KEY}"}}'
    assert load(config, env).accounts["aws"].grant.credential == fingerprint("aws", canonical)
