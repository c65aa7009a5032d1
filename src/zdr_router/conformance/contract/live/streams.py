"""The provider streams, to the end.

The same prompt as a stream: chunks in OpenAI's shape, text, and a finish reason at the end. A model that is not
declared to stream is not asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.typed import misshapen
from zdr_router.conformance.contract.verdict import failed, judged, skipped
from zdr_router.dialects.shapes import ChatChunk

if TYPE_CHECKING:
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC103"
REQUESTS: Final = 1


async def check(session: Session) -> Verdict:
    """One request."""
    if not session.streams:
        return skipped("the model is not declared to stream")
    if (await session.answer()).refusals:
        return skipped("it may not be asked (ZDC101)")
    told = await session.stream()
    if told.outcome != "ok":
        return failed(f"no whole stream came: {told.how}")
    faults = [f"{place} is not in OpenAI's shape" for chunk in told.chunks for place in misshapen(chunk, ChatChunk)]
    pieces = [piece for chunk in told.chunks for piece in chunk["choices"]]
    if not any(piece["delta"].get("content") or piece["delta"].get("reasoning_content") for piece in pieces):
        faults.append("the stream has no text")
    reasons = [str(piece["finish_reason"]) for piece in pieces if piece["finish_reason"]]
    if len(reasons) != 1:
        faults.append("the stream has not one finish reason")
    return judged(
        list(dict.fromkeys(faults)), f"{len(told.chunks)} chunks, with the finish reason {', '.join(reasons)}"
    )
