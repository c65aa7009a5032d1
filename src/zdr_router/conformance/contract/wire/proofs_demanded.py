"""An answer that does not show what it must is contradicted.

Where `conditions.response` says what an answer shows (a header, or who served it), an answer that lacks it is not
handed out, whole or streamed; the target is then refused with ZDR402 until somebody finds out why. The answer comes
after the prompt left: this stops the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import judged, skipped

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC018"


async def check(bench: Bench) -> Verdict:
    """An answer without the proof, and the request that follows it."""
    if not bench.proofs:
        return skipped("the configuration demands nothing of answers")
    faults: list[str] = []
    for stream in (False, True) if bench.streams else (False,):
        how = "streamed" if stream else "whole"
        silent = bench.stream(proven=False) if stream else bench.whole(proven=False)
        told = await (bench.listen(silent) if stream else bench.ask(silent))
        if told.outcome != "contradicted":
            faults.append(f"without the proof a {how} answer came to {told.how}")
            continue
        before = bench.seen
        again = await bench.ask(bench.whole())
        if bench.seen != before or "ZDR402" not in again.ids:
            faults.append(f"after a contradiction the next request is {again.how}")
        await bench.forget()
    names = ", ".join(str(proof.header or proof.body) for proof in bench.proofs)
    return judged(faults, f"demanded: {names}")
