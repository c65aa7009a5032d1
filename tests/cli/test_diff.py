from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import shipped_directory


@pytest.fixture
def copied(tmp_path):
    """A copy of the shipped registry in which one text became another."""

    def copy(old, new, file="llama-cpp.yaml"):
        folder = tmp_path / "copied"
        shutil.copytree(shipped_directory(), folder, dirs_exist_ok=True)
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return copy


def test_the_same_registry_twice_is_no_change(zdr):
    result = zdr("registry", "diff", "shipped", shipped_directory())
    assert (result.exit_code, result.stdout) == (Code.DONE, "nothing changed\n")


def test_a_change_exits_with_two_and_a_loosening_with_three(zdr, copied):
    folder = copied("logs_content: no", "logs_content: unknown")
    tightened = zdr("registry", "diff", "shipped", folder)
    assert tightened.exit_code == 2
    assert "  tighter flags.logs_content: no → unknown\n" in tightened.stdout
    assert f"    where: {folder}/llama-cpp.yaml:" in tightened.stdout
    assert tightened.stdout.endswith("1 changed: 0 looser, 1 tighter, 0 neutral\n")
    loosened = zdr("registry", "diff", folder, "shipped")
    assert loosened.exit_code == 3
    assert "  looser  flags.logs_content: unknown → no\n" in loosened.stdout


def test_json_has_every_change_with_both_values(zdr, copied):
    document = json.loads(
        zdr("registry", "diff", "shipped", copied("logs_content: no", "logs_content: yes"), "--json").stdout
    )
    (change,) = document["changes"]
    assert (change["weight"], change["before"], change["after"]) == ("tighter", "no", "yes")
    assert document["summary"] == {"looser": 0, "tighter": 1, "neutral": 0}
    assert document["routes"] == []


def test_a_route_that_loses_its_target_is_named_with_the_reason(zdr, copied, operator):
    folder = copied("logs_content: no", "logs_content: unknown")
    result = zdr("registry", "diff", "shipped", folder, "-c", operator())
    assert "route assistant loses local/any\n  from now on: ZDR201: logs_content is unknown\n" in result.stdout
    assert "route hosted" not in result.stdout
    back = zdr("registry", "diff", folder, "shipped", "-c", operator())
    assert "route assistant gains local/any\n  until now: ZDR201: logs_content is unknown\n" in back.stdout


def test_a_configuration_that_is_gone_takes_its_targets_along(zdr, copied, operator):
    folder = copied("llama-cpp/self-operated", "llama-cpp/renamed")
    result = zdr("registry", "diff", "shipped", folder, "-c", operator(), "--json")
    document = json.loads(result.stdout)
    assert {(each["route"], each["effect"], *each["reasons"]) for each in document["routes"]} == {
        ("assistant", "loses", "its configuration is not declared"),
        ("mixed", "loses", "its configuration is not declared"),
    }


def test_one_file_takes_the_place_of_its_own_provider_only(zdr, copied, operator):
    file = copied("logs_content: no", "logs_content: unknown") / "llama-cpp.yaml"
    result = zdr("registry", "diff", shipped_directory() / "llama-cpp.yaml", file, "-c", operator())
    assert result.exit_code == 2
    assert "route assistant loses local/any" in result.stdout


def test_a_side_that_cannot_be_loaded_is_named_as_it_was_given(process, tmp_path):
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    (empty / "bad.yaml").write_text("schema: 1\n", encoding="utf-8")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
    ):
        subprocess.run([shutil.which("git"), *words], cwd=empty, check=True, capture_output=True)
    result = process("registry", "diff", "shipped", "HEAD:bad.yaml")
    assert result.returncode == Code.CONFIGURATION
    assert "  where: HEAD:bad.yaml:1\n" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("side", ["nowhere", "no-such-revision:providers"])
def test_a_side_that_is_no_place_is_a_fault_of_the_command_line(zdr, side):
    result = zdr("registry", "diff", "shipped", side)
    assert (result.exit_code, result.stdout) == (Code.USAGE, "")
    assert result.stderr.startswith("error: n")
    assert "  next:  name a f" in result.stderr
