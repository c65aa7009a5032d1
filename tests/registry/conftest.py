"""A provider file with something in every field, and ways to write variations of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zdr_router.errors import ConfigError
from zdr_router.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zdr_router.errors import Problem

TEXT = """\
schema: 1
provider:
  id: acme
  name: Acme
  legal_entity: Acme, Inc.
  country: US
  links: {privacy: "https://acme.example/privacy"}
configurations:
  - id: acme/zdr
    title: Acme API, zero data retention
    mechanism:
      kind: org_setting
      scope: organization
      fail_mode: closed
      effective_from: 2026-01-01
      how: switch it on
    hosts: ["https://api.acme.example/v1", "https://eu.acme.example/v1"]
    credentials: {env: ACME_API_KEY, auth: bearer}
    tier: paid
    endpoints: [chat.completions, embeddings]
    regions: [us]
    flags:
      stores_prompts: no
      stores_outputs: no
      logs_content: no
      trains_on_content: no
      human_review: no
      shares_or_sells: no
    legs:
      - leg: upstream
        operator: Beta
        flags: {stores_prompts: no, stores_outputs: no, logs_content: unknown}
    cache: {medium: gpu_memory, max_ttl: 5m, can_disable: true, isolation: {parameter: cache_salt}}
    exceptions:
      - {trigger: csam_screening, when: images, max: 30 days, human_review: unknown}
    default_retention: {duration: 30 days, purposes: [abuse]}
    conditions:
      force: [{set: store, to: false}]
      allow:
        "tools[].type": [function, custom]
      forbid:
        - {path: previous_response_id, why: it is kept}
        - {path: model, matches: "^acme/compound"}
      permit: [prompt_cache]
      response: [{header: x-zdr, equals: "on"}]
    models:
      - {id: one, context: 8192, features: [stream, tools], price: {input: 1, output: 2.5}}
      - {id: two, origin: proxied}
    excluded_models:
      - {matches: "-preview$", why: previews are kept}
    attestation:
      observed: 2026-11-22
      expires: 2027-02-20
      evidence:
        - {kind: policy_page, url: "https://acme.example/zdr", locator: "§ 2", observed: 2026-11-22, confidence: high}
      conflicts:
        - {says: logs are kept, observed: 2026-11-20}
"""


@pytest.fixture(scope="session")
def text() -> str:
    return TEXT


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "acme.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def problems(write: Callable[..., Path]) -> Callable[[str], tuple[Problem, ...]]:
    """Every problem of a provider file."""

    def problems(content: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            Registry.load([write(content)])
        return caught.value.problems

    return problems


@pytest.fixture
def fault(problems: Callable[[str], tuple[Problem, ...]]) -> Callable[[str, str], tuple[str, str]]:
    """The one problem of the provider file in which `old` became `new`: its text, and the line it points at."""

    def fault(old: str, new: str) -> tuple[str, str]:
        assert TEXT.count(old) == 1, old
        content = TEXT.replace(old, new)
        (problem,) = problems(content)
        return problem.what, content.splitlines()[problem.line - 1].strip()

    return fault
