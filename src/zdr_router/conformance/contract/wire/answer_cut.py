"""A whole answer that was cut short is none.

A body that is shorter than its length, a body whose last chunk never comes, and an answer without a finish reason:
each attempt ends as `truncated`, and the caller gets no half of an answer.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import judged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC012"


async def check(bench: Bench) -> Verdict:
    """Three ways to be cut short."""
    sound = bench.whole()
    (body,) = sound.body
    half = (body[: len(body) // 2],)
    cuts = {
        "a body shorter than its length": dataclasses.replace(sound, body=half, cut=True),
        "a body without its last chunk": dataclasses.replace(sound, body=half, chunked=True, cut=True),
        "an answer without a finish reason": bench.whole(finished=False),
    }
    faults: list[str] = []
    for name, reply in cuts.items():
        told = await bench.ask(reply)
        faults += [] if told.outcome == "truncated" else [f"{name} came to {told.how}"]
    return judged(faults, f"{len(cuts)} ways to cut it short")
