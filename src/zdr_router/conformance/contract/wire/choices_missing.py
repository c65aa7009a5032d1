"""A stream that ends with fewer choices than asked for, and does not say that it is over, is broken.

A provider may serve fewer choices than `n`. Only the mark at the end of a stream (`[DONE]`) tells that from a stream
that was cut before the others began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import failed, judged, skipped
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.registry.vocabulary.shapes import Nothing

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC014"
_TWO: Final = {"n": 2}


async def check(bench: Bench) -> Verdict:
    """One choice of two, with the mark and without it."""
    if not bench.streams:
        return skipped("the model is not declared to stream")
    dialect = DIALECTS.get(bench.configuration.dialect)
    if dialect is not None and isinstance(dialect.carries["chat.completions"].keys["n"], Nothing):
        return skipped("the format has one choice")
    marked = await bench.listen(bench.stream(), _TWO)
    if marked.refusals:
        return failed(f"a request for two choices is {marked.how}")
    unmarked = await bench.listen(bench.stream(ended=False), _TWO)
    faults = [] if marked.outcome == "ok" else [f"with the mark it came to {marked.how}"]
    faults += [] if unmarked.outcome == "truncated" else [f"without the mark it came to {unmarked.how}"]
    return judged(faults, "the mark at the end is looked for")
