"""What other repositories run: the GitHub action's own script, and the hooks of pre-commit."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from here import lacking

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def test_inputs_reach_the_scripts_as_environment_and_never_as_text():
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert "uses" not in step
    expressions = re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert sorted(expressions) == sorted(ACTION["inputs"])


@pytest.fixture
def act(tmp_path):
    """Run the script of the step that checks, with a `zdr` of our own; gives the process and the outputs."""
    bash = shutil.which("bash")
    if bash is None:
        lacking("there is no bash", "install it")

    def run(zdr, **inputs):
        program = tmp_path / "zdr-router" / "bin" / "zdr"
        program.parent.mkdir(parents=True)
        program.write_text(zdr, encoding="utf-8")
        program.chmod(0o755)
        given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
        step = STEPS["Check"]
        environment = {
            name: given[re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value)[1]] for name, value in step["env"].items()
        }
        output = tmp_path / "output"
        known = {**os.environ, **environment, "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(output)}
        command = [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, timeout=50, check=False)
        return done, output.read_text(encoding="utf-8") if output.exists() else ""

    return run


ECHO = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(3)\n"


def test_every_input_becomes_an_argument_of_its_own(act):
    done, output = act(
        ECHO,
        config="my zdr.yaml",
        paths="providers\n\n--more; rm -rf x\n",
        against="v1",
        sarif="out.sarif",
        **{"fail-level": "warning"},
    )
    assert done.returncode == 3
    assert json.loads(done.stdout) == [
        *("check", "--fail-level", "warning", "--config", "my zdr.yaml", "--against", "v1"),
        *("--format", "github", "--", "providers", "--more; rm -rf x"),
    ]
    assert output == "sarif=out.sarif\n"


def test_without_inputs_the_shipped_registry_is_checked(act):
    done, output = act(ECHO)
    assert json.loads(done.stdout) == ["check", "--fail-level", "error", "--format", "github", "--"]
    assert output == ""


def test_the_step_checks_and_writes_sarif(act, tmp_path):
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "bad.yaml").write_text("schema: 1\nretention: none\n", encoding="utf-8")
    done, _ = act(
        f"#!{sys.executable}\nfrom zdr_router.cli import main\nmain()\n", paths="providers", sarif="out.sarif"
    )
    assert done.returncode == 3, done.stderr
    assert "::error file=providers/bad.yaml,line=2" in done.stdout
    assert json.loads((tmp_path / "out.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("hook", "path", "matches"),
    [
        ("zdr-check", "zdr.yaml", True),
        ("zdr-check", "deploy/zdr.yml", True),
        ("zdr-check", "my-zdr.yaml", False),
        ("zdr-check-providers", "providers/groq.yaml", True),
        ("zdr-check-providers", "src/providers/groq.py", False),
    ],
)
def test_a_hook_looks_at_its_own_files(hook, path, matches):
    assert bool(re.search(HOOKS[hook]["files"], path)) is matches


def run_hook(hook, folder, *files):
    program, *entry = shlex.split(HOOKS[hook]["entry"])
    assert program == "zdr"
    names = files if HOOKS[hook].get("pass_filenames", True) else ()
    command = [sys.executable, "-m", "zdr_router", *entry, *HOOKS[hook]["args"], *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=50, check=False)


def test_the_hook_of_provider_files_finds_what_is_wrong_with_one(tmp_path):
    (tmp_path / "bad.yaml").write_text("schema: 1\nretention: none\n", encoding="utf-8")
    assert run_hook("zdr-check-providers", tmp_path, str(ROOT / "providers" / "llama-cpp.yaml")).returncode == 0
    result = run_hook("zdr-check-providers", tmp_path, "bad.yaml")
    assert result.returncode == 3
    assert "bad.yaml:2" in result.stdout


def test_the_hook_of_an_operators_file_finds_what_is_wrong_with_it(tmp_path):
    (tmp_path / "zdr.yaml").write_text("policy: {}\naccounts: {}\nroutes: {}\n", encoding="utf-8")
    result = run_hook("zdr-check", tmp_path)
    assert result.returncode == 3
    assert "zdr.yaml:1" in result.stdout
