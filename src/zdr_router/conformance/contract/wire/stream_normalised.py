"""A stream comes back whole, in OpenAI's chunks.

The server streams a sound answer in the target's own format. Every chunk is OpenAI's `chat.completion.chunk`; the
first says the role, together they are the text, one has the finish reason, and the last one the usage that was asked
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS
from zdr_router.conformance.contract.typed import misshapen
from zdr_router.conformance.contract.verdict import failed, judged, skipped
from zdr_router.dialects.shapes import ChatChunk

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC002"
_WITH_USAGE: Final = {"stream_options": {"include_usage": True}}


async def check(bench: Bench) -> Verdict:
    """One request, one stream."""
    if not bench.streams:
        return skipped("the model is not declared to stream")
    told = await bench.listen(bench.stream(), _WITH_USAGE)
    if told.outcome != "ok":
        return failed(f"a sound stream came to {told.how}")
    faults = [f"{place} is not in OpenAI's shape" for chunk in told.chunks for place in misshapen(chunk, ChatChunk)]
    if faults:
        return judged(faults, "")
    pieces = [piece for chunk in told.chunks for piece in chunk["choices"]]
    if "".join(piece["delta"].get("content") or "" for piece in pieces) != TEXT:
        faults.append("the pieces are not the text of the answer")
    if [piece["finish_reason"] for piece in pieces if piece["finish_reason"]] != ["stop"]:
        faults.append("there is not one finish reason")
    if not pieces or pieces[0]["delta"].get("role") != "assistant":
        faults.append("the first piece does not say the role")
    usage = told.chunks[-1].get("usage") if told.chunks else None
    if usage is None or (usage["prompt_tokens"], usage["completion_tokens"]) != TOKENS:
        faults.append("the last chunk does not have the tokens of the answer")
    return judged(faults, f"{len(told.chunks)} chunks: role, text, finish reason, usage")
