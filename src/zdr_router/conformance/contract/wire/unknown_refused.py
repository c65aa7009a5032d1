"""What the vocabulary does not know is refused.

A parameter, a key of a message, a kind of content part, a kind of tool and a key of a tool that no table lists: each
is refused with ZDR602 and no connection is opened. Dropping it would send another request than was asked for; sending
it could mean anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.asking import PROMPT
from zdr_router.conformance.contract.examples import plain
from zdr_router.conformance.contract.verdict import judged
from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.responses import RESPONSES

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC008"
_NEW: Final = "zdr_conform_unknown"
_FUNCTION: Final = {"type": "function", "function": {"name": "zdr"}}
_UNKNOWN: Final[dict[str, dict[str, object]]] = {
    "an unknown parameter": {_NEW: True},
    "an unknown key in a message": {"messages": [{"role": "user", "content": PROMPT, _NEW: "zdr"}]},
    "an unknown role": {"messages": [{"role": _NEW, "content": PROMPT}]},
    "an unknown kind of content": {"messages": [{"role": "user", "content": [{"type": _NEW, "text": PROMPT}]}]},
    "an unknown kind of tool": {"tools": [{"type": _NEW}]},
    "an unknown key in a tool": {"tools": [{**_FUNCTION, _NEW: "zdr"}]},
}

_ELSEWHERE: Final = RESPONSES.keys.keys() - CHAT.keys.keys()
"""Parameters of the Responses API that a chat does not have."""


async def check(bench: Bench) -> Verdict:
    """One request for each kind of unknown."""
    faults: list[str] = []
    responses = {f"the parameter {name}": {name: plain(RESPONSES.keys[name])} for name in sorted(_ELSEWHERE)}
    unknown = {**_UNKNOWN, **responses}
    for name, body in unknown.items():
        fault = await bench.refuse(body, ("ZDR602",))
        faults += [f"{name} {fault}"] if fault else []
    return judged(faults, f"{len(unknown)} requests with something unknown")
