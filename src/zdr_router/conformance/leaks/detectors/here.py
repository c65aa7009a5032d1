"""The detectors of this very process, in the order of the report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zdr_router.conformance.leaks.detectors.errors import Errors, Exceptions
from zdr_router.conformance.leaks.detectors.files import Files
from zdr_router.conformance.leaks.detectors.logs import Logs
from zdr_router.conformance.leaks.detectors.objects import Objects
from zdr_router.conformance.leaks.detectors.output import Output
from zdr_router.conformance.leaks.detectors.redis import Redis
from zdr_router.conformance.leaks.detectors.sentry import Sentry
from zdr_router.conformance.leaks.detectors.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from zdr_router.conformance.leaks.detectors.base import Detector


def in_this_process(
    errors: Errors, *, private: Path, folders: Iterable[Path], redis: Iterable[str] = ()
) -> list[Detector]:
    """All of them; `private` is a folder of the kit's, `folders` are searched, `redis` are addresses."""
    return [
        Logs(errors),
        Exceptions(errors),
        Sentry(errors),
        Telemetry(),
        Output(private),
        Files(folders, lambda: [os.getpid()]),
        *map(Redis, redis),
        Objects(),
    ]
