"""What a decision costs: from a request to its plan, alone and in a deployment of very many targets."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Final

from benchmarks.generated import ROUTE, TENANT
from benchmarks.loads import LOADS
from zdr_router import AsyncRouter
from zdr_router.driver.asking import Ask
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.deployment import Deployment

_BLOCKS: Final = 10


class Decider:
    """A router that is never opened: it only decides."""

    def __init__(self, deployment: Deployment) -> None:
        """Set it up."""
        self._engine = AsyncRouter.of(deployment)._service.engine  # noqa: SLF001 - `explain` would be measured with it
        self._messages = LOADS["chat_c32"].prompt().messages()

    def decide(self, route: str) -> int:
        """From a caller's parameters to a plan; how many targets it has."""
        body = {"model": route, "messages": self._messages, "temperature": 0}
        ask = Ask("chat.completions", Sealed(body), False, TENANT, None, None, None)  # noqa: FBT003 - its fields
        at = time.monotonic()
        return len(self._engine.plan(self._engine.read(ask, at), at).clearances)

    def times(self, routes: Sequence[str], decisions: int) -> list[float]:
        """Seconds that each of so many decisions took, turning from route to route."""
        taken: list[float] = []
        for number in range(decisions):
            route = routes[number % len(routes)]
            began = time.perf_counter()
            planned = self.decide(route)
            taken.append(time.perf_counter() - began)
            if not planned:
                message = f"nothing may serve the route {route}: this is not the decision to be measured"
                raise RuntimeError(message)
        return taken


def compare(small: Deployment, large: Deployment, decisions: int) -> dict[str, float]:
    """Medians in µs: the same route in both deployments, and turn by turn all routes of the large one."""
    one, many = Decider(small), Decider(large)
    routes = list(large.routes)
    for route in routes:  # the standing of each target is found out once
        many.decide(route)
    taken: dict[str, list[float]] = {"plan_us": [], "plan_10k_us": [], "plan_10k_spread_us": []}
    for _ in range(_BLOCKS):
        block = max(1, decisions // _BLOCKS)
        taken["plan_us"] += one.times([ROUTE], block)
        taken["plan_10k_us"] += many.times([ROUTE], block)
        taken["plan_10k_spread_us"] += many.times(routes, block)
    return {name: round(statistics.median(values) * 1e6, 2) for name, values in taken.items()}
