"""How a server logs to stderr: a line for each event, without tracebacks, written many at a time."""

from __future__ import annotations

import logging
import threading
from typing import Final

from zdr_router.logs import JsonFormatter

_WITHIN: Final = 0.1
"""Seconds that a line waits for others, so that a request does not cost a write; warnings and errors do not wait."""


def log_to_stderr(*, as_json: bool) -> None:
    """Write what this library and the server say, from now on."""
    handler = Batches()
    handler.setFormatter(JsonFormatter() if as_json else _Words("%(asctime)s %(levelname)s %(message)s"))
    for name, level in (("zdr_router", logging.INFO), ("uvicorn.error", logging.ERROR), ("asyncio", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    # The gateway tells of every answer, and so of what the router recorded.
    logging.getLogger("zdr_router.requests").setLevel(logging.WARNING)


class Batches(logging.StreamHandler):  # type: ignore[type-arg] # generic for type checkers alone
    """Writes lines in batches, by a thread of its own. What is left is written when Python ends."""

    def __init__(self) -> None:
        """To stderr."""
        super().__init__()
        self._lines: list[str] = []
        self._some = threading.Event()
        threading.Thread(target=self._write, name="zdr-router log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        self._lines.append(self.format(record))
        if record.levelno >= logging.WARNING:
            self.flush()
        elif not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Write what there is."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("\n".join([*lines, ""]))
                self.stream.flush()
        except (OSError, ValueError):  # nobody reads it any more, or it is closed
            pass
        finally:
            self.release()

    def _write(self) -> None:
        pause = threading.Event()
        while True:
            self._some.wait()
            pause.wait(_WITHIN)
            self._some.clear()
            self.flush()


class _Words(logging.Formatter):
    """One line in words. A traceback may hold content, so there is none."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        return self.formatMessage(record)
