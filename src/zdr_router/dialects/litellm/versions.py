"""Refuses to load a litellm that nobody tested, or that is known to steal."""

from __future__ import annotations

from zdr_router.dialects.versions import LITELLM_BAD, LITELLM_TESTED, was_tested
from zdr_router.errors import ConfigError, Problem

_INSTALL = 'install "zdr-router[litellm]"'


def check_version(found: str | None) -> None:
    """Raise `ConfigError` unless this is a version of litellm that may be loaded; None: it is not installed."""
    if found is None:
        problem = Problem("a target speaks a dialect that litellm writes, and litellm is not installed", fix=_INSTALL)
    elif found in LITELLM_BAD:
        fix = f"treat every secret that this machine had as known to others, change them, and {_INSTALL} anew"
        problem = Problem(f"litellm {found} is installed, {LITELLM_BAD[found]}", fix=fix)
    elif not was_tested(found):
        what = f"litellm {found} is installed, and its dialects are tested with {LITELLM_TESTED}"
        problem = Problem(what, fix=_INSTALL)
    else:
        return
    raise ConfigError(problem)
