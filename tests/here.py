"""What a test needs and may not find here: without it the test is skipped, and in CI it fails."""

from __future__ import annotations

import importlib
import os
from typing import NoReturn

import pytest


def lacking(what: str, fix: str) -> NoReturn:
    """Say that a test cannot run here. In CI whatever can be tested has to be."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"in CI this must be tested: {what}")
    pytest.skip(f"{what}; {fix}", allow_module_level=True)


def needs(*modules: str, fix: str) -> None:
    """Go on only where these modules can be imported; `fix` is how to get them."""
    missing = []
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            missing.append(module)
    if missing:
        lacking(f"{', '.join(missing)} cannot be imported", fix)


def needs_extra(extra: str, *modules: str) -> None:
    """Go on only where an extra of ours is installed, which brings these modules."""
    needs(*modules, fix=f"pip install 'zdr-router[{extra}]'")
