"""A stream that was cut short is broken.

A stream whose connection closes, one that ends within an event, and one that ends in order but without a finish
reason: once content has come each of them breaks as `truncated`, and before any content the attempt fails as such. No
caller takes the beginning of an answer for the whole.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import judged, skipped

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC013"


async def check(bench: Bench) -> Verdict:
    """Four ways to be cut short."""
    if not bench.streams:
        return skipped("the model is not declared to stream")
    begun = bench.stream(bench.speech.events(finished=False), ended=False)
    within = (*begun.body[:-1], begun.body[-1][: len(begun.body[-1]) // 2])
    cuts = {
        "a connection that closes after content": dataclasses.replace(begun, cut=True),
        "an end within an event": dataclasses.replace(begun, body=within),
        "no finish reason": begun,
        "an end before any content": dataclasses.replace(begun, body=()),
    }
    faults: list[str] = []
    for name, reply in cuts.items():
        told = await bench.listen(reply)
        faults += [] if told.outcome == "truncated" else [f"{name} came to {told.how}"]
    return judged(faults, f"{len(cuts)} ways to cut it short")
