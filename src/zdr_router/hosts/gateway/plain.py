"""What the gateway says of itself and of its routes, without asking anybody: models, explanations, health, counts."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import TYPE_CHECKING, Any, Final

from zdr_router.driver.asking import Ask
from zdr_router.errors import RouterError
from zdr_router.hosts.gateway import faults
from zdr_router.hosts.gateway.asgi import TEXT, Reply
from zdr_router.hosts.gateway.faults import Fault
from zdr_router.hosts.gateway.openapi.document import document
from zdr_router.metadata import ErrorCode
from zdr_router.registry.ladders import GRADES
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from zdr_router.answers import Planned
    from zdr_router.hosts.gateway.application import Gateway
    from zdr_router.hosts.gateway.arriving import Arrived
    from zdr_router.hosts.gateway.exchange import Exchange
    from zdr_router.hosts.gateway.operations import Operation

_ENDPOINTS: Final = ("chat.completions", "embeddings")
_NOTHING: Final[dict[str, dict[str, Any]]] = {
    "chat.completions": {"messages": [{"role": "user", "content": ""}]},
    "embeddings": {"input": ""},
}
"""A body of each endpoint that uses nothing."""


async def answer(gateway: Gateway, operation: Operation, exchange: Exchange) -> Reply | Fault:
    """What needs no key."""
    if operation.name == "healthz":
        return Reply.json(200, {"status": "ok"})
    if operation.name == "readyz":
        return ready(gateway)
    if operation.name == "openapi":
        return Reply.json(200, document())
    return await _metrics(gateway, exchange)


def ready(gateway: Gateway) -> Reply:
    """Whether requests would be served: the router is open, knows what is trusted, and nobody is closing it."""
    if gateway.is_closing:
        why = "closing"
    elif not gateway.router.is_open:
        why = "not open"
    elif gateway.router.trust.read() is None:
        why = "the trust state cannot be read"
    else:
        return Reply.json(200, {"status": "ready"})
    return Reply.json(503, {"status": why})


def models(gateway: Gateway, exchange: Exchange) -> Reply:
    """The routes that would serve something for this key now."""
    return Reply.json(
        200, {"object": "list", "data": _models(gateway, exchange, list(gateway.router.deployment.routes))}
    )


def model(gateway: Gateway, exchange: Exchange, name: str) -> Reply | Fault:
    """One of these."""
    found = _models(gateway, exchange, [name]) if name in gateway.router.deployment.routes else []
    if not found:
        message = "there is no such model, or nothing that this key may use is cleared for it"
        return Fault(404, ErrorCode.NOT_FOUND, message, param="model", code="model_not_found")
    return Reply.json(200, found[0])


def explain(gateway: Gateway, exchange: Exchange, arrived: Arrived) -> Reply | Fault:
    """Who would serve a request, and why everybody else may not; without content it is about an empty message."""
    body = arrived.body.open()
    embeds = "input" in body and "messages" not in body
    if not embeds and "messages" not in body:
        body["messages"] = _NOTHING["chat.completions"]["messages"]
    found = gateway.router.plan(gateway.ask(_ENDPOINTS[embeds], exchange, arrived))
    resting = set(found.resting)
    return Reply.json(
        200,
        {
            "object": "zdr.explanation",
            "model": found.route,
            "planned": [{**_shown(each, gateway), "resting": each.target in resting} for each in found.planned],
            "refusals": faults.public_refusals(found.refusals),
        },
    )


def _models(gateway: Gateway, exchange: Exchange, names: list[str]) -> list[dict[str, Any]]:
    allowed = exchange.admission.routes
    found = []
    for name in names:
        if allowed is not None and name not in allowed:
            continue
        by_endpoint = {endpoint: _planned(gateway, exchange, name, endpoint) for endpoint in _ENDPOINTS}
        planned = list({each.target: each for some in by_endpoint.values() for each in some}.values())
        if planned:
            endpoints = [endpoint for endpoint, some in by_endpoint.items() if some]
            found.append(_model(name, endpoints, planned, gateway))
    return found


def _planned(gateway: Gateway, exchange: Exchange, route: str, endpoint: str) -> tuple[Planned, ...]:
    admission = exchange.admission
    body: Sealed[Any] = Sealed({"model": route, **_NOTHING[endpoint]})
    try:
        ask = Ask(
            endpoint, body, stream=False, tenant=admission.tenant, customer=None, policy=admission.policy, timeout=None
        )
        return gateway.router.plan(ask).planned
    except RouterError:
        return ()


def _model(name: str, endpoints: list[str], planned: list[Planned], gateway: Gateway) -> dict[str, Any]:
    """OpenAI's `model`; `zdr` says the weakest of what would serve it, and each of them."""
    shown = [_shown(each, gateway) for each in planned]
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "zdr-router",
        "zdr": {
            "grade": min((each.grade for each in planned), key=GRADES.__getitem__),
            "expires": _instant(min(each.until for each in planned)),
            "cache": sorted({each.cache for each in planned}),
            "exceptions": sorted({word for each in planned for word in each.exceptions}),
            "endpoints": endpoints,
            "configurations": list({repr(each): each for each in shown}.values()),
        },
    }


def _shown(planned: Planned, gateway: Gateway) -> dict[str, Any]:
    """A target without the name of its account."""
    shown: dict[str, Any] = {
        "configuration": planned.configuration,
        "grade": planned.grade,
        "expires": _instant(planned.until),
        "cache": planned.cache,
        "exceptions": list(planned.exceptions),
        "forced": list(planned.forced),
    }
    if gateway.settings.models:
        shown["model"] = planned.model
    return shown


def _instant(seconds: float) -> str | None:
    """As text, UTC; None where it never comes."""
    if seconds == float("inf"):
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def _metrics(gateway: Gateway, exchange: Exchange) -> Reply | Fault:
    key = gateway.settings.metrics_key
    if key is None:
        return Fault(404, ErrorCode.NOT_FOUND, "there is nothing at this path")
    return fault_of_metrics_key(exchange.head.presented, key) or await counts(gateway)


def fault_of_metrics_key(presented: str | None, key: Sealed[str]) -> Fault | None:
    """What speaks against giving the counts to whoever presented this."""
    if presented is not None and hmac.compare_digest(presented.encode(), key.open().encode()):
        return None
    headers = {"www-authenticate": 'Bearer realm="metrics"'}
    message = "the counts are for whoever has the metrics key"
    return Fault(401, ErrorCode.INVALID_KEY, message, code="invalid_api_key", headers=headers)


async def counts(gateway: Gateway) -> Reply:
    """What was counted, by all workers where there are several."""
    counted = gateway.counts if gateway.fleet is None else await gateway.fleet.sum()
    return Reply(200, counted.text().encode(), kind=TEXT)
