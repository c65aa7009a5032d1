from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import zdr_router
from zdr_router.cli.app import app
from zdr_router.cli.exits import Code

CANARY = "canary-7f3a-what-is-my-diagnosis"
COMMANDS = [
    *("demo", "ask", "explain", "serve", "mcp", "check", "conform", "leaks", "grant", "harden", "statement"),
    *("revoke", "release"),
    *("usage", "incident"),
    *("registry list", "registry show", "registry renew", "registry diff", "registry stale", "registry schema"),
    "registry site",
    *("keys add", "keys rotate", "keys revoke", "keys list", "keys show", "keys contact"),
    *("trust init", "trust show"),
    *("import openrouter", "import litellm"),
    *(
        "receipts keygen",
        "receipts show",
        "receipts checkpoint",
        "receipts erase",
        "receipts rotate",
        "receipts verify",
    ),
    *(f"metadata {name}" for name in ("export", "show", "correct", "erase", "purge", "archived")),
]
GROUPS = ("registry", "keys", "trust", "import", "receipts", "metadata")


def test_the_version_is_that_of_the_package(zdr):
    result = zdr("--version")
    assert (result.exit_code, result.stdout) == (0, f"zdr {zdr_router.__version__}\n")


@pytest.mark.parametrize("module", ["zdr_router", "zdr_router.cli"])
@pytest.mark.parametrize("args", [["check", "--ahead", "0"], ["explain", "ZDR301"], ["nonsense"], ["--version"]])
def test_the_package_runs_as_the_command_does(zdr, module, args):
    command = [sys.executable, "-m", module, *args]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    here = zdr(*args)
    assert (ran.returncode, ran.stdout, ran.stderr) == (here.exit_code, here.stdout, here.stderr)


def test_the_commands_are_those_that_are_documented_here():
    top = typer.main.get_command(app)
    names = [name for name in top.commands if name not in GROUPS]
    inner = [f"{group} {name}" for group in GROUPS for name in top.commands[group].commands]
    assert [*names, *inner] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_takes_json(zdr, command):
    result = zdr(*command.split(), "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert result.stderr == ""


def test_every_exit_code_is_in_the_help(zdr):
    text = zdr("--help").stdout
    assert all(f"\n    {int(code):<4}" in text for code in Code)


@pytest.mark.parametrize("args", [(), ("registry",)])
def test_a_missing_command_is_bad_usage(zdr, args):
    result = zdr(*args)
    assert result.exit_code == Code.USAGE
    assert result.stdout == ""
    assert "--help" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        (CANARY,),
        (f"--{CANARY}",),
        ("ask", "assistant", "a prompt", CANARY),
        ("ask", "assistant", f"--{CANARY}"),
        ("ask", "assistant", "a prompt", "--param", CANARY),
        ("ask", "assistant", "a prompt", "--param", f"stop={CANARY}"),
        ("ask", "assistant", "a prompt", "--param", f"messages={CANARY}"),
        ("ask", CANARY),
    ],
)
def test_bad_usage_never_repeats_what_may_be_a_prompt(zdr, operator, args):
    config = ("-c", operator()) if args[0] == "ask" else ()
    result = zdr(*args, *config, stdin="a prompt")
    assert result.exit_code == Code.USAGE
    assert result.stdout == ""
    assert "canary" not in result.stderr
    assert result.stderr.startswith("error: ")
    assert "  next:" in result.stderr


def test_bad_usage_of_a_command_without_content_names_the_fault(zdr):
    result = zdr("check", "--no-such-option")
    assert result.exit_code == Code.USAGE
    assert "--no-such-option" in result.stderr
    assert "see `zdr check --help`" in result.stderr
    result = zdr("check", "--format", "xml")
    assert result.stderr.startswith("error: invalid value for '--format': 'xml' is not one of 'pretty', ")


def test_a_fault_of_our_own_shows_its_place_and_nothing_of_its_text(zdr, operator, monkeypatch):
    def breaks(*_args, **_options):
        raise LookupError(CANARY)

    monkeypatch.setattr("zdr_router.cli.ask.parameters", breaks)
    result = zdr("ask", "assistant", "-c", operator(), stdin=CANARY)
    assert result.exit_code == Code.INTERNAL
    assert "internal error: LookupError" in result.stderr
    assert "test_app.py:" in result.stderr
    assert "canary" not in result.output
    assert "Traceback" not in result.output


def test_an_interrupt_ends_with_130_and_no_traceback(zdr, operator, monkeypatch):
    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("zdr_router.cli.ask.parameters", interrupt)
    result = zdr("ask", "assistant", "-c", operator(), stdin=CANARY)
    assert result.exit_code == Code.INTERRUPTED
    assert "Traceback" not in result.output


def test_the_demo_is_told_where_to_print_and_how(zdr, monkeypatch, tmp_path):
    told = {}

    class Story:
        @staticmethod
        def run(console, *, as_json, directory):
            told.update(console=console, as_json=as_json, directory=directory)
            return 1

    monkeypatch.setitem(sys.modules, "zdr_router.cli.demo.story", Story)
    assert zdr("demo", "--json", "--directory", tmp_path).exit_code == 1
    assert (told["as_json"], told["directory"]) == (True, tmp_path)


def test_a_process_keeps_stdout_for_results_and_has_no_colour(process):
    result = process("check", "--json", "no-such-file.yaml", env={"FORCE_COLOR": "1"})
    assert result.returncode == Code.REFUSED
    assert result.stdout.startswith("{")
    assert result.stderr == ""
    result = process("explain", "assistant", env={"FORCE_COLOR": "1"})
    assert result.returncode == Code.CONFIGURATION
    assert result.stdout == ""
    assert result.stderr == (
        "error: cannot be read: No such file or directory\n  where: zdr.yaml\n  next:  name a file that is there\n"
    )


def run(stdout, *args):
    command = [sys.executable, "-c", "from zdr_router.cli import main; main()", *args]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=30, check=False)


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("registry", "list"), ("registry", "list", "--json")])
def test_who_stops_reading_is_told_nothing_but_an_exit_code(args):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = run(writer, *args)
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (Code.OUTPUT, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("args", [("--version",), ("registry", "list"), ("registry", "list", "--json")])
def test_a_result_that_cannot_be_written_is_an_error_and_no_fault_of_ours(args):
    with Path("/dev/full").open("wb") as full:
        result = run(full, *args)
    assert result.returncode == Code.OUTPUT
    assert result.stderr.startswith("error: the result cannot be written: ")
