"""The provider answers, in OpenAI's shape.

A fixed, harmless prompt gets a whole answer with text and a finish reason, and the caller gets it as OpenAI's
`chat.completion`. A target that the operator's own policy does not clear is not asked, and fails here with the
reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.typed import misshapen
from zdr_router.conformance.contract.verdict import failed, judged
from zdr_router.dialects.shapes import ChatCompletionBody

if TYPE_CHECKING:
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC101"
REQUESTS: Final = 1


async def check(session: Session) -> Verdict:
    """One request."""
    told = await session.answer()
    if told.refusals:
        reasons = "; ".join(f"{each.id} {each.sentence}" for each in told.refusals)
        return failed(f"it may not be asked, and was not: {reasons}")
    if told.body is None:
        return failed(f"no answer came: {told.how}")
    faults = [f"{place} is not in OpenAI's shape" for place in misshapen(told.body, ChatCompletionBody)]
    choice = told.body["choices"][0]
    if not (choice["message"]["content"] or choice["message"].get("reasoning_content")):
        faults.append("the answer has no text")
    return judged(faults, f"an answer with the finish reason {choice['finish_reason']}")
