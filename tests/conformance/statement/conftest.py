"""Three operators' files over one provider file, which has something of everything that a statement speaks of."""

from __future__ import annotations

import datetime as dt

import pytest

from zdr_router.conformance.statement.facts import gather
from zdr_router.conformance.subject import Subject
from zdr_router.policy.calendar import start_of
from zdr_router.registry.ladders import FLAGS

DAY = dt.date(2026, 12, 1)
CLEAN = "{" + ", ".join(f"{name}: no" for name in FLAGS) + "}"
ATTESTATION = """\
    attestation:
      observed: 2026-11-22
      expires: 2027-02-20
      evidence: [{kind: terms, url: "https://example.com/terms", locator: "4", observed: 2026-11-22, confidence: high}]
"""
PROVIDER = f"""\
schema: 1
provider:
  id: example
  name: Example Cloud
  legal_entity: Example, Inc.
  country: US
  links: {{privacy: "https://example.com/privacy", subprocessors: "https://example.com/subprocessors"}}
configurations:
  - id: example/agreed
    title: Example API under an agreement
    hosts: ["https://api.example.com/v1"]
    credentials: {{auth: none}}
    endpoints: [chat.completions]
    regions: [eu]
    mechanism: {{kind: contract, scope: organization, fail_mode: closed}}
    flags: {CLEAN}
    cache: {{medium: none}}
    models: [{{id: large}}]
{ATTESTATION}
  - id: example/cached
    title: Example API with a cache and exceptions
    hosts: ["https://cached.example.com/v1"]
    credentials: {{auth: none}}
    endpoints: [chat.completions]
    mechanism: {{kind: default, fail_mode: closed}}
    flags: {CLEAN}
    cache: {{medium: gpu_memory, max_ttl: 10m, isolation: {{parameter: cache_salt}}}}
    conditions: {{permit: [cache_key, stored_by_default]}}
    exceptions:
      - {{trigger: csam_screening, when: all, max: 90 days, human_review: yes}}
      - {{trigger: abuse_flag, when: images, human_review: unknown}}
    models: [{{id: large, features: [images]}}]
{ATTESTATION}
  - id: example/listed
    title: Example gateway, as somebody lists it
    hosts: ["https://gateway.example.com/v1"]
    credentials: {{auth: none}}
    endpoints: [chat.completions]
    mechanism: {{kind: request_parameter, fail_mode: closed}}
    flags: {CLEAN}
    legs: [{{leg: upstream, operator: Another Company, flags: {CLEAN}}}]
    cache: {{medium: none}}
    conditions: {{force: [{{set: store, to: false}}]}}
    models: [{{id: large, origin: proxied}}]
    attestation:
      observed: 2026-11-22
      expires: 2026-12-22
      grade: claimed
      evidence: [{{kind: api, url: "https://example.com/list", locator: "all", observed: 2026-11-22, confidence: low}}]
      conflicts: [{{says: "a report says that requests were kept for a week", observed: 2026-11-20}}]
  - id: example/own
    title: Example engine on our own machines
    credentials: {{auth: none}}
    endpoints: [chat.completions]
    mechanism: {{kind: self_operated, scope: deployment, fail_mode: closed}}
    flags: {CLEAN}
    cache: {{medium: host_memory, can_disable: true, isolation: {{off: {{cache_prompt: false}}}}}}
    models: [{{pattern: "."}}]
    engine: {{name: engine, versions: ">=2"}}
    attestation:
      observed: 2026-11-22
      evidence: [{{kind: source_code, url: "https://x.example", locator: a, observed: 2026-11-22, confidence: high}}]
"""

ACCOUNTS = """\
registry: {shipped: false, providers: [example.yaml]}
accounts:
  hidden-agreed:
    configuration: example/agreed
    grant: {basis: contract, stated_by: "Jane Doe", since: 2026-11-01, until: 2027-01-31, reference: "CHG-1"}
  hidden-cached: {configuration: example/cached}
  hidden-listed: {configuration: example/listed}
  hidden-own:
    configuration: example/own
    base_url: http://127.0.0.1:9/v1
    grant: {basis: self_operated, stated_by: "Jane Doe", since: 2026-11-15, until: 2027-05-15}
"""

OPERATORS = {
    "strict": ACCOUNTS
    + """\
policy: {minimum_grade: contracted}
routes: {assistant: {targets: [hidden-agreed/large, hidden-own/small]}}
""",
    "tolerant": ACCOUNTS
    + """\
policy: {minimum_grade: documented, cache: gpu_memory, tolerate: [csam_screening]}
tenants: {acme: {}, globex: {policy: {minimum_grade: documented}}}
routes: {assistant: {targets: [hidden-cached/large]}}
""",
    "claimed": ACCOUNTS
    + """\
policy: {minimum_grade: claimed, cache: host_memory}
routes: {assistant: {targets: [hidden-listed/large, hidden-agreed/large]}}
""",
}


@pytest.fixture
def write(tmp_path):
    """Write an operator's file, after some texts of it or of the provider file were changed; gives its path."""

    def run(name, *changes):
        provider, operator = PROVIDER, OPERATORS[name]
        for old, new in changes:
            assert (old in provider) != (old in operator), old
            provider, operator = provider.replace(old, new), operator.replace(old, new)
        (tmp_path / "example.yaml").write_text(provider, encoding="utf-8")
        path = tmp_path / "zdr.yaml"
        path.write_text(operator, encoding="utf-8")
        return path

    return run


@pytest.fixture
def gathered(write):
    """What is gathered of an operator's file."""

    def run(name, *changes, tenant=None):
        subject = Subject.of_operator(write(name, *changes), now=start_of(DAY), environ={})
        return gather(subject, subject.operator, tenant)

    return run
