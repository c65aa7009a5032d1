"""A whole answer comes back in OpenAI's shape.

The server gives a sound answer in the target's own format. What the caller gets has every key of OpenAI's
`chat.completion` and no other, the text and the finish reason of the answer, and the tokens as they were counted; its
id and its model are the router's own, since those of a provider may say whatever it likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS
from zdr_router.conformance.contract.typed import misshapen
from zdr_router.conformance.contract.verdict import failed, judged
from zdr_router.dialects.shapes import ChatCompletionBody

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC001"


async def check(bench: Bench) -> Verdict:
    """One request, one answer."""
    told = await bench.ask(bench.whole())
    if told.body is None or told.metadata is None:
        return failed(f"a sound answer came to {told.how}")
    faults = [f"{place} is not in OpenAI's shape" for place in misshapen(told.body, ChatCompletionBody)]
    if faults:
        return judged(faults, "")
    choice, counted = told.body["choices"][0], (told.metadata.input_tokens, told.metadata.output_tokens)
    if choice["message"]["content"] != TEXT:
        faults.append("the text is not that of the answer")
    if choice["finish_reason"] != "stop":
        faults.append("the finish reason is not OpenAI's word for that of the answer")
    usage = told.body.get("usage")
    if usage is None or (usage["prompt_tokens"], usage["completion_tokens"]) != TOKENS or counted != TOKENS:
        faults.append("the tokens are not those of the answer")
    if told.body["id"] == "theirs" or told.body["model"] == "theirs":
        faults.append("the id or the model is what the server sent")
    return judged(faults, "text, finish reason and tokens as the server sent them")
