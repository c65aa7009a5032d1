"""Answers show what the attestation says they show.

Where `conditions.response` names a header or a member (who served, or that nothing is kept), the answer of ZDC101 and
the stream of ZDC103 have it. A provider that stops showing it has changed something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import failed, passed, skipped

if TYPE_CHECKING:
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC104"
REQUESTS: Final = 0


async def check(session: Session) -> Verdict:
    """Look at the answers that came."""
    proofs = session.target.configuration.conditions.response
    if not proofs:
        return skipped("the configuration demands nothing of answers")
    told = [await session.answer()]
    if told[0].refusals:
        return skipped("it may not be asked (ZDC101)")
    if session.streams and told[0].outcome == "ok":
        told.append(await session.stream())
    names = ", ".join(str(proof.header or proof.body) for proof in proofs)
    outcomes = {each.outcome for each in told}
    if "contradicted" in outcomes:
        return failed(f"an answer does not show {names} as declared")
    if outcomes != {"ok"}:
        return skipped("no answer came (ZDC101, ZDC103)")
    return passed(f"shown: {names}")
