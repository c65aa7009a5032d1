"""Which litellm may be loaded: its transformations are no public interface, and two of its releases stole secrets."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from packaging.specifiers import SpecifierSet

from zdr_router.errors import ConfigError, Problem

SUPPORTED: Final = SpecifierSet(">=1.106.2,<1.107")
"""The versions that the tests ran against; `pyproject.toml` says the same."""

REFUSED: Final = {
    "1.82.7": "carried code that stole credentials",
    "1.82.8": "carried code that stole credentials whenever Python started",
    "1.107.0": "is reported to be malicious",
}
"""Releases to which something happened that a range of versions does not say."""

_INSTALL: Final = 'install "zdr-router[litellm]"'


def installed() -> str | None:
    """The version that is installed, by its metadata: nothing is imported."""
    try:
        return version("litellm")
    except PackageNotFoundError:
        return None


def check_version(found: str | None) -> None:
    """Raise `ConfigError` unless this is a version of litellm that may be loaded."""
    if found is None:
        problem = Problem("a target speaks a dialect that litellm writes, and litellm is not installed", fix=_INSTALL)
    elif found in REFUSED:
        what = f"litellm {found} is installed, which {REFUSED[found]}"
        fix = f"treat every secret that this machine had as known to others, change them, and {_INSTALL} anew"
        problem = Problem(what, fix=fix)
    elif found not in SUPPORTED:
        problem = Problem(f"litellm {found} is installed, and its dialects are tested with {SUPPORTED}", fix=_INSTALL)
    else:
        return
    raise ConfigError(problem)
