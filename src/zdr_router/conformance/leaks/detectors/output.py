"""What this process writes on stdout and stderr, through Python or past it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import TYPE_CHECKING, BinaryIO, Final

from zdr_router.conformance.leaks.findings import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.forms import Needles


class Output:
    """Both streams go into files of the kit's, in `folder`, while it watches. None of it is shown afterwards."""

    name: Final = "output"

    def __init__(self, folder: Path) -> None:
        """`folder` is none of those that are searched."""
        self._folder = folder

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """Redirect both."""
        with (
            tempfile.NamedTemporaryFile(dir=self._folder) as out,
            tempfile.NamedTemporaryFile(dir=self._folder) as err,
            _redirected(1, "stdout", out),
            _redirected(2, "stderr", err),
        ):

            def search(needles: Needles) -> Iterator[Trace]:
                sys.stdout.flush()
                sys.stderr.flush()
                for name, file in (("stdout", out), ("stderr", err)):
                    size = os.fstat(file.fileno()).st_size
                    for hit in needles.search(os.pread(file.fileno(), size, 0)):
                        yield Trace(name, hit.canary, hit.encoding)

            yield search


@contextlib.contextmanager
def _redirected(number: int, name: str, into: tempfile._TemporaryFileWrapper[bytes] | BinaryIO) -> Iterator[None]:
    """A descriptor, and Python's stream of that name, which need not be the same."""
    before, stream = os.dup(number), getattr(sys, name)
    stream.flush()
    os.dup2(into.fileno(), number)
    with open(os.dup(into.fileno()), "w", encoding="utf-8", errors="backslashreplace", buffering=1) as ours:  # noqa: PTH123 - a descriptor
        setattr(sys, name, ours)
        try:
            yield
        finally:
            setattr(sys, name, stream)
            os.dup2(before, number)
            os.close(before)
