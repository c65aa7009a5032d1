"""Log records of every logger, at DEBUG: text, arguments, extra fields, and the errors that they carry."""

from __future__ import annotations

import contextlib
import logging
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.detectors.base import Kept
from zdr_router.conformance.leaks.detectors.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.detectors.errors import Errors


class Logs:
    """Hears whatever is logged in this process.

    Every logger is set to DEBUG meanwhile, but for those at CRITICAL: somebody silenced them on purpose.
    """

    name: Final = "logs"

    def __init__(self, errors: Errors) -> None:
        """`errors` is told of those that records carry."""
        self._errors = errors

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """A handler at the root, and at each logger that passes nothing on."""
        kept = Kept()
        ear = _Ear(kept, self._errors)
        root = logging.root
        loggers = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
        levels = [(each, each.level) for each in (root, *loggers)]
        heard = [root, *(each for each in loggers if not each.propagate)]
        for logger, level in levels:
            if logger is root or logging.DEBUG < level < logging.CRITICAL:
                logger.setLevel(logging.DEBUG)
        for logger in heard:
            logger.addHandler(ear)
        try:
            yield kept.search
        finally:
            for logger in heard:
                logger.removeHandler(ear)
            for logger, level in levels:
                logger.setLevel(level)


class _Ear(logging.Handler):
    def __init__(self, kept: Kept, errors: Errors) -> None:
        super().__init__(logging.NOTSET)
        self._kept = kept
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        where = f"{record.name} {record.levelname} at {PurePath(record.pathname).name}:{record.lineno}"
        said = shown(record, lambda _: record.getMessage())
        self._kept.add(where, "\n".join([said, *(shown(value) for value in vars(record).values())]))
        if record.exc_info and record.exc_info[1] is not None:
            self._errors.tell(f"logged by {record.name}", record.exc_info[1])
