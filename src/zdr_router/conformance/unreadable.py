"""A file cannot be loaded.

It is missing or is not YAML, has a key that nobody reads or lacks one, or says what cannot be said: an attestation of a
year, a literal key, an overlay that loosens without `unsafe_loosen`. Every fault of every file is told at once; what
else there is to find in those files is not looked for. Error.

Mend what the fault names; `docs/registry.md` has the keys of a provider file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zdr_router.errors import Problem

ID: Final = "ZDR900"


def findings(problems: Iterable[Problem]) -> Iterator[Finding]:
    """Every fault of files that cannot be loaded, as an error."""
    for problem in problems:
        yield Finding(ID, "error", problem.file or "declarations", problem.what, problem.fix, problem.where)
