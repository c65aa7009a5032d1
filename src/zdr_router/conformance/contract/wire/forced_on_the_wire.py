"""What is forced is on the wire.

Every parameter that the configuration forces has its value in the body that arrives, whole or streamed, and so has
what switches the prompt cache off or keeps tenants apart in it. It is compared with what is declared, not with what
the router says that it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.asking import ROUTE
from zdr_router.conformance.contract.verdict import failed, judged, skipped

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.speech.base import Json
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC004"


async def check(bench: Bench) -> Verdict:
    """A whole answer, and a stream where the model streams."""
    declared, salted = _declared(bench)
    if not declared and salted is None:
        return skipped("the configuration forces nothing")
    faults: list[str] = []
    for stream in (False, True) if bench.streams else (False,):
        told = await (bench.listen(bench.stream()) if stream else bench.ask(bench.whole()))
        if told.outcome != "ok" or bench.last is None:
            return failed(f"a sound answer came to {told.how}")
        body = bench.last.json
        faults += [f"{path} is not set as declared" for path, value in declared.items() if at(body, path) != value]
        if salted is not None and not at(body, salted):
            faults.append(f"{salted}, which keeps tenants apart, is not set")
    names = [*declared, *([] if salted is None else [salted])]
    return judged(list(dict.fromkeys(faults)), f"set as declared: {', '.join(names)}")


def _declared(bench: Bench) -> tuple[dict[str, object], str | None]:
    """What must be set to which value, and what must be set at all."""
    configuration = bench.configuration
    forced: dict[str, object] = {each.set: each.to for each in configuration.conditions.force}
    isolation = configuration.cache.isolation
    # Whether the cache has to be switched off, or kept apart, hangs on the policy: the plan says which.
    (planned,) = bench.router.explain(model=ROUTE, tenant=bench.target.tenant).planned
    rest = set(planned.forced) - forced.keys()
    if isolation is not None and isolation.off is not None:
        forced |= {name: value for name, value in isolation.off.items() if name in rest}
    parameter = None if isolation is None else isolation.parameter
    return forced, parameter if parameter in rest else None


def at(body: Json, path: str) -> object:
    """What stands at a dotted path; None where nothing does."""
    place: object = body
    for step in path.split("."):
        place = place.get(step) if isinstance(place, dict) else None
    return place
