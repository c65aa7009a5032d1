"""Which litellm was tested, and which releases of it are never used. Data, and no import of litellm itself."""

from __future__ import annotations

import importlib.metadata
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

LITELLM_TESTED: Final = ">=1.106.2,<1.107"
"""The range whose transformations were read and tested."""

LITELLM_BAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.82.7": "a malicious release, which sends secrets of the machine away",
        "1.82.8": "a malicious release, which runs whenever Python starts and sends secrets of the machine away",
        "1.107.0": "a release that is reported to be malicious",
    }
)
"""Releases that must not be on a machine, each with the reason."""


def installed() -> str | None:
    """The version of litellm that is installed, without importing it; None where there is none."""
    try:
        return importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        return None


def was_tested(version: str | None) -> bool:
    """Whether this version lies in the tested range; what cannot be read does not."""
    try:
        return version is not None and Version(version) in SpecifierSet(LITELLM_TESTED)
    except InvalidVersion:
        return False
