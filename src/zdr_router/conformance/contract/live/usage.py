"""The tokens are counted, or it is said that they are not.

What the record of the request says of tokens is what the answer says; where the provider does not count, both say
nothing rather than nought. No request of its own: it looks at the answer of ZDC101.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import failed, passed, skipped

if TYPE_CHECKING:
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC102"
REQUESTS: Final = 0


async def check(session: Session) -> Verdict:
    """Look at the answer that came."""
    told = await session.answer()
    if told.body is None or told.metadata is None:
        return skipped("no answer came (ZDC101)")
    counted = (told.metadata.input_tokens, told.metadata.output_tokens)
    usage = told.body.get("usage")
    if usage is None:
        return passed("the provider does not count tokens") if counted == (None, None) else failed("tokens are made up")
    if counted != (usage["prompt_tokens"], usage["completion_tokens"]):
        return failed("the record has other tokens than the answer")
    if 0 in counted:
        return failed("the provider counts no tokens for a prompt and an answer that have some")
    return passed(f"{counted[0]} tokens in, {counted[1]} out")
