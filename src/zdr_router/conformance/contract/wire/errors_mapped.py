"""Each error is told for what it is.

The status decides, whatever the text says: the text may echo the prompt. Each status below comes with a body that
speaks of rate limits, and ends the attempt as the taxonomy of failures has it; of the text nothing is in the error
that the caller gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import judged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC016"
_TEXT: Final = "zdr-conform: rate limit exceeded"
_ERROR: Final = {"error": {"message": _TEXT, "type": "zdr_conform"}, "message": _TEXT}
EXPECTED: Final = {
    400: "caller_fault",
    401: "credential",
    402: "quota",
    403: "credential",
    404: "model_gone",
    405: "model_gone",
    408: "transient",
    413: "context_too_long",
    422: "caller_fault",
    429: "rate_limited",
    451: "region_blocked",
    500: "transient",
    502: "transient",
    503: "transient",
    529: "transient",
}


async def check(bench: Bench) -> Verdict:
    """Each status, and each stream that fails before it begins."""
    faults: list[str] = []
    for status, outcome in EXPECTED.items():
        reply = bench.says(_ERROR, status=status)
        for told in (await bench.ask(reply), *([await bench.listen(reply)] if bench.streams else [])):
            faults += [] if told.outcome == outcome else [f"a {status} came to {told.how}, not {outcome}"]
            faults += [f"the error after a {status} has its text"] if _TEXT in told.said else []
    return judged(list(dict.fromkeys(faults)), f"{len(EXPECTED)} statuses")
