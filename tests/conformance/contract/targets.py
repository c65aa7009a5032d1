"""Targets for the contract, in every dialect: declared, and not yet anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployments import configuration, one_authority, registry
from wires import WIRES, Wire

from zdr_router import Account, AsyncRouter, Policy
from zdr_router.conformance.contract.bench import Bench
from zdr_router.conformance.contract.book import wire_checks
from zdr_router.conformance.contract.runner import judge
from zdr_router.policy.accounts import SecretSource

if TYPE_CHECKING:
    from zdr_router.conformance.contract.verdict import Verdict
    from zdr_router.deployment import Deployment

OPENAI = Wire("openai", "m", "/v1", ("", ""), None, None, None, {})
DIALECTS = (OPENAI, *WIRES)
BY_DIALECT = {wire.dialect: wire for wire in DIALECTS}
FEATURES = ["stream", "tools", "json", "images", "files", "audio", "logprobs", "reasoning"]
CONDITIONS = {
    "force": [{"set": "zero_retention", "to": True}, {"set": "retention.days", "to": 0}],
    "allow": {"tools[].type": ["function"]},
    "forbid": [
        {"path": "tools[].type", "matches": "^web_(search|fetch)_(20260[2-9]|2)"},
        {"path": "data_sources"},
        {"path": "response_format.type", "equals": "json_schema"},
        {"path": "messages[].content[].source.type", "equals": "file"},
    ],
    "response": [{"header": "x-zero-retention", "equals": "true"}, {"body": "served.by", "one_of": ["them", "us"]}],
    "permit": ["cache_control"],
}


def deployed(
    wire: Wire = OPENAI, *, features: Any = FEATURES, environ: Any = None, tenants: Any = None, **members: Any
) -> Deployment:
    """A deployment with one target. Its key is not there, and unless it is told otherwise nothing is granted."""
    host = members.pop("host", f"https://api.acme.example{wire.prefix}")
    made = configuration(
        hosts=[host],
        dialect=wire.dialect,
        credentials={"auth": wire.auth},
        models=[{"id": wire.model, "features": features}],
        **{"endpoints": ["chat.completions"], **members},
    )
    account = Account(configuration=made.id, base_url=host, api_key=SecretSource(env="KEY"), scope=dict(wire.scope))
    router = AsyncRouter(
        registry=registry(made),
        policy=Policy(minimum_grade="documented", cache="host_memory"),
        accounts={"a": account},
        routes={"chat": [f"a/{wire.model}"]},
        transport=one_authority(),
        tenants=tenants,
        environ=environ or {},
    )
    return router.deployment


async def verdict(check: str, deployment: Deployment) -> Verdict:
    """What one check says of the only target."""
    look = {each.id: look for each, look in wire_checks()}[check]
    async with Bench(deployment, deployment.targets[0]) as bench:
        return await judge(look, bench)
