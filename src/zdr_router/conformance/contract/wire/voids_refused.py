"""Whatever names, labels, caches, keeps or sends elsewhere is refused.

For each feature of the vocabulary that does more than compute an answer, and each way to use it in a chat, the
smallest request that does so is refused with ZDR603 and no connection is opened. Only what the configuration permits
by name is left out. The requests are made from the vocabulary's tables, so a feature that is added there is tested
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.examples import voiding
from zdr_router.conformance.contract.verdict import failed, judged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC006"


async def check(bench: Bench) -> Verdict:
    """One request for each way to use each feature."""
    permitted = set(bench.configuration.conditions.permit)
    examples = [each for each in voiding() if each.feature not in permitted]
    if not examples:
        return failed("the vocabulary gives no example")
    faults: list[str] = []
    for each in examples:
        fault = await bench.refuse(each.members, ("ZDR603",))
        faults += [f"a request that uses {each.feature} under {each.place} {fault}"] if fault else []
    features = len({each.feature for each in examples})
    apart = f"; permitted: {', '.join(sorted(permitted))}" if permitted else ""
    return judged(faults, f"{len(examples)} requests with {features} features{apart}")
