"""Keeps the SDK from logging what callers send, and from giving the whole process a log.

At DEBUG it prints messages that it drops, and validation errors with their input; what it streams with prints every
event. Where a handler fails the SDK prints a traceback, which error trackers fill with the values of its names. What
is worth a line is logged by this package.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER = logging.CRITICAL + 1


def hush() -> None:
    """Let the SDK, and what it streams with, log nothing."""
    for name in ("mcp", "sse_starlette"):
        logging.getLogger(name).setLevel(_NEVER)


@contextmanager
def without_a_log_of_its_own() -> Iterator[None]:
    """`MCPServer()` sets up logging for the whole process, unless somebody did: that is the host's to do."""
    held = logging.NullHandler()
    logging.root.addHandler(held)
    try:
        yield
    finally:
        logging.root.removeHandler(held)
