"""An error in a 200 is an error.

Several providers answer 200 and put an error into the body, or into the middle of a stream. It is not taken for an
answer: a request fails, and a stream that had begun breaks.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import judged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC017"
_ERROR: Final[dict[str, object]] = {"error": {"message": "zdr-conform", "type": "server_error", "code": 503}}


async def check(bench: Bench) -> Verdict:
    """A body, and an event after content."""
    told = await bench.ask(bench.says(bench.shown(_ERROR)))
    faults = [] if told.outcome == "transient" else [f"an error in a body came to {told.how}"]
    if bench.streams:
        begun = bench.stream(bench.speech.events(finished=False), ended=False)
        error = bench.speech.framed(("error", bench.shown(_ERROR)))
        told = await bench.listen(dataclasses.replace(begun, body=(*begun.body, error)))
        faults += [] if told.outcome == "transient" else [f"an error in a stream came to {told.how}"]
    return judged(faults, "in a body and in a stream" if bench.streams else "in a body")
