import sys

import pytest

from zdr_router.hardening.company import MODULES, VARIABLES, about_to_come, here


def names(found):
    return [each.name for each in found]


def test_nobody_comes_with_a_command_of_ones_own():
    assert names(about_to_come(["uvicorn", "service:app"], {"PATH": "/bin", "LD_PRELOAD": ""})) == []
    assert names(here({"json": object()})) == []


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_named_and_its_value_is_not_shown(name):
    (found,) = about_to_come(["python"], {name: "a-secret"})
    assert found.name == name
    assert "a-secret" not in found.seen


@pytest.mark.parametrize("command", [["ddtrace-run", "python"], ["/usr/bin/strace", "-f"], ["env", "newrelic-admin"]])
def test_a_command_that_runs_under_another_is_noticed(command):
    assert len(names(about_to_come(command, {}))) == 1


@pytest.mark.parametrize("hook", ["sitecustomize.py", "usercustomize.py", "sitecustomize"])
def test_a_hook_on_the_path_is_noticed(tmp_path, hook):
    (tmp_path / hook).mkdir() if "." not in hook else (tmp_path / hook).touch()
    environ = {"PYTHONPATH": f"/nowhere:{tmp_path}"}
    assert names(about_to_come(["python"], environ)) == [hook.partition(".")[0]]


@pytest.mark.parametrize("name", MODULES)
def test_an_agent_that_is_loaded_is_noticed(name):
    assert names(here({name: object()})) == [name]


def test_a_function_that_looks_at_every_call_is_noticed():
    before = sys.getprofile()
    sys.setprofile(lambda *_: None)
    try:
        assert "profile" in names(here({}))
    finally:
        sys.setprofile(before)
