"""The names that users import: sorted, exported, and no more than are meant."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import zdr_router

SOURCE = Path(zdr_router.__file__)


def imported() -> dict[str, str]:
    """The names that the type checkers see imported, and from where."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    (typing_only,) = (node for node in tree.body if isinstance(node, ast.If))
    return {
        name.name: node.module.removeprefix("zdr_router.")
        for node in typing_only.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def test_the_exported_names_are_sorted():
    assert zdr_router.__all__ == sorted(zdr_router.__all__)


def test_what_is_imported_is_exported():
    assert set(imported()) == set(zdr_router.__all__)


def test_what_is_loaded_on_demand_is_what_the_type_checkers_see():
    assert {name: home for home, names in zdr_router._HOMES.items() for name in names} == imported()


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonesuch"):
        zdr_router.nonesuch  # noqa: B018 - looking is the test


def test_the_names_can_be_listed():
    assert set(zdr_router.__all__) <= set(dir(zdr_router))


@pytest.mark.parametrize("name", zdr_router.__all__)
def test_a_public_thing_is_documented(name):
    assert inspect.getdoc(getattr(zdr_router, name))


def test_every_error_that_a_call_raises_can_be_caught_by_a_public_name():
    raised = {"ConfigError", "InvalidRequest", "Refused", "Exhausted", "StreamBroken", "RouterError"}
    assert raised <= set(zdr_router.__all__)


def test_importing_the_library_imports_neither_transport_nor_models():
    heavy = {"aiohttp", "litellm", "pydantic", "rich", "typer"}
    code = f"import sys, zdr_router; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_interface_is_spelled_for_the_type_checker():
    spelled = (Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8")
    tree = ast.parse(spelled)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert set(zdr_router.__all__) <= used
