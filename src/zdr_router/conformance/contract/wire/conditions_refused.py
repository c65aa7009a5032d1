"""What the configuration forbids, or does not allow, is refused.

For each row of `conditions.forbid` a request that meets it, and for each row of `conditions.allow` a request with a
value that is not listed, is refused with ZDR604 or ZDR605 and no connection is opened. A member that no caller can
send, since the vocabulary does not know it, is refused with ZDR602 as everything unknown is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.placing import PRESENT, example_of, known, placed
from zdr_router.conformance.contract.verdict import judged, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.speech.base import Json
    from zdr_router.conformance.contract.verdict import Verdict
    from zdr_router.registry.conditions import Conditions

ID: Final = "ZDC007"
_UNLISTED: Final = "zdr-conform-not-listed"


async def check(bench: Bench) -> Verdict:
    """One request for each row."""
    rows = list(_rows(bench.configuration.conditions))
    if not rows:
        return skipped("the configuration has no conditions that a request could fail")
    faults: list[str] = []
    for path, body, rule in rows:
        fault = "cannot be tested: its pattern is too intricate" if body is None else await bench.refuse(body, (rule,))
        faults += [f"a request that fails the condition on {path} {fault}"] if fault else []
    return judged(faults, f"refused: {', '.join(dict.fromkeys(path for path, _, _ in rows))}")


def _rows(conditions: Conditions) -> Iterator[tuple[str, Json | None, str]]:
    """Each condition's path, what fails it, and the rule that has to say so."""
    for forbid in conditions.forbid:
        if forbid.path == "model":
            continue  # about the target, not about what a caller can send
        value: object = PRESENT
        if forbid.matches is not None:
            value = example_of(forbid.matches)
        elif "equals" in forbid.model_fields_set:
            value = forbid.equals
        yield forbid.path, None if value is None else _request(forbid.path, value), _rule(forbid.path, "ZDR604")
    for path in conditions.allow:
        if path != "model":
            yield path, _request(path, _UNLISTED), _rule(path, "ZDR605")


def _request(path: str, value: object) -> Json:
    if known(path):
        return placed(path, value)
    return {path.partition(".")[0].removesuffix("[]"): "zdr"}


def _rule(path: str, rule: str) -> str:
    return rule if known(path) else "ZDR602"
