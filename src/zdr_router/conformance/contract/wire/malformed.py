"""What is no answer is not taken for one.

A 200 whose body is empty, no JSON, no object, an object of another kind, or a page of a proxy; and a stream in which
an event is no JSON: each attempt ends as `malformed`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import judged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC015"
_BODIES: Final = {
    "an empty body": b"",
    "a body that is no JSON": b'{"choices": [',
    "a list": b"[]",
    "an empty object": b"{}",
    "an object of another kind": b'{"object": "list", "data": []}',
    "a page of a proxy": b"<html><body>please log in</body></html>",
}


async def check(bench: Bench) -> Verdict:
    """Each body, and a stream where the model streams."""
    faults: list[str] = []
    # Where answers have to show something, what cannot be read does not show it.
    expected = {"malformed", "contradicted"} if bench.proofs else {"malformed"}
    for name, body in _BODIES.items():
        told = await bench.ask(bench.sends(body))
        faults += [] if told.outcome in expected else [f"{name} came to {told.how}"]
        if told.outcome == "contradicted":
            await bench.forget()
    if bench.streams:
        sound = bench.stream()
        broken = dataclasses.replace(sound, body=(sound.body[0], bench.speech.garbled, *sound.body[1:]))
        told = await bench.listen(broken)
        faults += [] if told.outcome == "malformed" else [f"an event that is no JSON came to {told.how}"]
    return judged(faults, f"{len(_BODIES)} bodies, and an event that is no JSON")
