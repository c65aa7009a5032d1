"""How often requests were refused, by the rule that refused them: a recorder that keeps numbers and nothing else."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from zdr_router.metadata import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.metadata import Metadata


class RefusalCounts:
    """Give it to a router as one of its `recorders`, and to the page.

    A request that was refused counts once for each rule that it was refused by, and once in `requests`.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """It counts from now on; `since` is in seconds since the epoch."""
        self.since = clock()
        self.requests = 0
        self.rules: Counter[str] = Counter()

    def record(self, metadata: Metadata) -> None:
        """Count a request, if it was refused."""
        if metadata.error_code is ErrorCode.REFUSED:
            self.requests += 1
            self.rules.update({each.id for each in metadata.refusals})
