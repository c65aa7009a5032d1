"""A registry as large as one will ever be: provider files with many configurations and models, and who uses them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from zdr_router import Account, Policy, Registry, RouteEntry, Tenant
from zdr_router.config import assemble

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.deployment import Deployment

CONFIGURATIONS: Final = 4
MODELS: Final = 25
WIDTH: Final = 3
"""Targets of a route."""

ROUTE: Final = "assistant"
TENANT: Final = "acme"

_PROVIDER: Final = """\
# Retention is off by default; the pages below were read on the day of observation.
schema: 1
provider:
  id: provider{number:03}
  name: Provider {number}
  legal_entity: Provider {number}, Inc.
  country: US
  links: {{privacy: "https://provider{number:03}.example/privacy", terms: "https://provider{number:03}.example/terms"}}
configurations:
"""
_CONFIGURATION: Final = """\
  - id: provider{number:03}/plan{plan}
    title: Provider {number}, plan {plan}, nothing retained
    dialect: openai
    hosts: ["https://api.provider{number:03}.example/plan{plan}/v1"]
    credentials: {{auth: none}}
    tier: paid
    endpoints: [chat.completions, embeddings]
    regions: [us]
    mechanism: {{kind: default, fail_mode: closed}}
    flags:
      stores_prompts: no
      stores_outputs: no
      logs_content: no
      trains_on_content: no
      human_review: no
      shares_or_sells: no
    cache: {{medium: none}}
    conditions:
      force: [{{set: store, to: false}}]
      forbid: [{{path: "tools[].function.strict"}}, {{path: user}}]
    models:
{models}
    attestation:
      observed: {observed}
      expires: {expires}
      evidence:
        - {{kind: policy_page, url: "https://provider{number:03}.example/data", locator: "section 3",
           observed: {observed}, confidence: high}}
        - {{kind: terms, url: "https://provider{number:03}.example/terms", locator: "section 9.2",
           observed: {observed}, confidence: medium}}
"""
_MODEL: Final = (
    '      - {{id: "vendor{plan}/model-{model:02}-instruct", context: 131072, features: [stream, tools, json], '
    "price: {{input: 0.25, output: 1.5}}}}"
)


def write_registry(folder: Path, providers: int) -> None:
    """One file for each provider."""
    today = dt.datetime.now(dt.UTC).date()
    dates = {"observed": (today - dt.timedelta(10)).isoformat(), "expires": (today + dt.timedelta(60)).isoformat()}
    for number in range(providers):
        written = [_PROVIDER.format(number=number)]
        for plan in range(CONFIGURATIONS):
            models = "\n".join(_MODEL.format(plan=plan, model=model) for model in range(MODELS))
            written.append(_CONFIGURATION.format(number=number, plan=plan, models=models, **dates))
        (folder / f"provider{number:03}.yaml").write_text("".join(written), encoding="utf-8")


def target_names(registry: Registry) -> list[str]:
    """Every model of every configuration, as targets of the one account that each configuration has."""
    return [
        f"{_account(name)}/{model.id}"
        for name, configuration in registry.configurations.items()
        for model in configuration.models
    ]


def deploy(registry: Registry, targets: list[str]) -> Deployment:
    """All targets over routes of `WIDTH` each; those of the first route are also the route that is measured."""
    used = {name.partition("/")[0] for name in targets}
    accounts = {
        _account(name): Account(configuration=name) for name in registry.configurations if _account(name) in used
    }
    routes = {
        f"route{start // WIDTH}": RouteEntry(targets=list(targets[start : start + WIDTH]))
        for start in range(0, len(targets), WIDTH)
    }
    routes[ROUTE] = RouteEntry(targets=list(targets[:WIDTH]))
    return assemble(
        registry=registry,
        policy=Policy(minimum_grade="documented", cache="none"),
        accounts=accounts,
        routes=routes,
        tenants={TENANT: Tenant()},
        environ={},
    )


def _account(configuration: str) -> str:
    return configuration.replace("/", "-")
