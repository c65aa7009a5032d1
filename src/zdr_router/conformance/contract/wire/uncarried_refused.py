"""What the wire format cannot carry is refused.

Each parameter that the vocabulary knows and the target's format has no form for is refused with ZDR607 and no
connection is opened: a translation that leaves it out would ask another question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.examples import plain
from zdr_router.conformance.contract.verdict import judged, skipped
from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.registry.vocabulary.shapes import Nothing

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC009"


async def check(bench: Bench) -> Verdict:
    """One request for each such parameter."""
    dialect = DIALECTS.get(bench.configuration.dialect)
    if dialect is None:
        return skipped("the format is OpenAI's own, which carries everything that the vocabulary knows")
    carried = dialect.carries["chat.completions"].keys
    left_out = [name for name, shape in carried.items() if isinstance(shape, Nothing)]
    faults: list[str] = []
    for name in left_out:
        fault = await bench.refuse({name: plain(CHAT.keys[name])}, ("ZDR607",))
        faults += [f"a request with {name} {fault}"] if fault else []
    return judged(faults, f"{len(left_out)} parameters that {dialect.id} has no form for")
