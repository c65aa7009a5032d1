"""What is forced cannot be set otherwise.

A request that gives a forced parameter another value is refused before anything leaves (ZDR606, or ZDR602 and ZDR603
where the parameter is one that no caller may use). The routing preferences under `provider` are the router's own to
read: what is forced there is compared on the wire instead, after a caller asked for the contrary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.placing import placed
from zdr_router.conformance.contract.verdict import judged, skipped
from zdr_router.conformance.contract.wire.forced_on_the_wire import at

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC005"
_REFUSED_BY: Final = ("ZDR606", "ZDR602", "ZDR603")
_PREFERENCES: Final = "provider"
_CONTRARY: Final[dict[str, object]] = {"zdr": False, "data_collection": "allow"}


async def check(bench: Bench) -> Verdict:
    """One request for each parameter that is forced."""
    forced = {each.set: each.to for each in bench.configuration.conditions.force}
    if not forced:
        return skipped("the configuration forces nothing")
    faults: list[str] = []
    for path, value in forced.items():
        root, _, inner = path.partition(".")
        if root != _PREFERENCES:
            fault = await bench.refuse(_otherwise(path, value), _REFUSED_BY)
        else:
            fault = await _widened(bench, path, value, {root: {inner: _CONTRARY.get(inner, ["zdr"])}})
        faults += [f"a request that sets {path} otherwise {fault}"] if fault else []
    return judged(faults, f"nobody else sets {', '.join(forced)}")


async def _widened(bench: Bench, path: str, value: object, body: dict[str, object]) -> str:
    """What is wrong after a caller asked for the contrary of a preference that is forced."""
    before = bench.seen
    await bench.ask(bench.whole(), body)
    if bench.seen == before or bench.last is None:
        return ""
    return "" if at(bench.last.json, path) == value else "was sent with that value"


def _otherwise(path: str, value: object) -> dict[str, object]:
    """The member that has another value at `path`."""
    root, _, inner = path.partition(".")
    other: object = not value if isinstance(value, bool) else "zdr"
    if inner:
        return placed(path, other)
    if path == "prompt_cache_retention":
        other = "24h" if value != "24h" else "in_memory"
    return {root: other}
