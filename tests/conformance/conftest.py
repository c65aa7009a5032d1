"""What the tests of the rules share: subjects made of a configuration or an operator's file that is almost right."""

from __future__ import annotations

import copy
import datetime as dt
import json

import pytest

from zdr_router.conformance.book import check, entries
from zdr_router.conformance.subject import Subject
from zdr_router.policy.calendar import start_of

NOW = dt.date(2027, 1, 1)

CONFIGURATION = {
    "id": "example/zdr",
    "title": "Example",
    "hosts": ["https://api.example.com/v1"],
    "endpoints": ["chat.completions"],
    "mechanism": {"kind": "project_setting", "fail_mode": "closed", "how": "switch it on"},
    "flags": dict.fromkeys(
        ["stores_prompts", "stores_outputs", "logs_content", "trains_on_content", "human_review", "shares_or_sells"],
        "no",
    ),
    "cache": {"medium": "none"},
    "models": [{"id": "m", "features": ["stream"]}, {"id": "embedder"}],
    "attestation": {
        "observed": "2026-12-20",
        "expires": "2027-03-10",
        "evidence": [
            {
                "kind": "terms",
                "url": "https://example.com/terms",
                "locator": "section 4",
                "observed": "2026-12-20",
                "confidence": "high",
            }
        ],
    },
}
PROVIDER = {"id": "example", "name": "Example", "legal_entity": "Example, Inc.", "country": "US"}
OPERATOR = {
    "registry": {"shipped": False, "providers": ["example.yaml"]},
    "policy": {"cache": "none"},
    "accounts": {
        "main": {
            "configuration": "example/zdr",
            "api_key": {"env": "EXAMPLE_KEY"},
            "grant": {
                "basis": "project_setting",
                "stated_by": "security",
                "since": "2026-12-01",
                "until": "2027-06-01",
                "credential": "k1:da3136c665b62dd02d666a9e2741d6b4",
            },
        }
    },
    "routes": {"assistant": {"targets": ["main/m"]}},
}


@pytest.fixture
def configuration():
    """A configuration that no rule complains of; a test changes what it is about."""
    return copy.deepcopy(CONFIGURATION)


@pytest.fixture
def operator():
    """An operator's file that no rule complains of."""
    return copy.deepcopy(OPERATOR)


@pytest.fixture
def registry(tmp_path, configuration):
    """The provider file with `configuration`, written when it is asked for. JSON is YAML."""

    def write():
        path = tmp_path / "example.yaml"
        file = {"schema": 1, "provider": PROVIDER, "configurations": [configuration]}
        path.write_text(json.dumps(file, indent=1), encoding="utf-8")
        return path

    return write


@pytest.fixture
def line_of(tmp_path):
    """`file:line` of the first line with `text` in it, as findings give it."""

    def look(text, file="example.yaml", after=""):
        path = tmp_path / file
        lines = path.read_text(encoding="utf-8").splitlines()
        start = next(number for number, line in enumerate(lines) if after in line)
        number = next(number for number, line in enumerate(lines) if number >= start and text in line)
        return f"{path}:{number + 1}"

    return look


@pytest.fixture
def find(registry):
    """The findings of the rule `id` in the provider file."""

    def run(id_, now=NOW, **options):
        subject = Subject.of_registry([registry()], now=start_of(now), **options)
        return [finding for finding in check(subject).findings if finding.id == id_]

    return run


@pytest.fixture
def find_in_file(registry, operator, tmp_path):
    """The findings of the rule `id` in the operator's file; the key is `key`."""

    def run(id_, now=NOW, key="secret", **options):
        registry()
        path = tmp_path / "zdr.yaml"
        path.write_text(json.dumps(operator, indent=1), encoding="utf-8")
        environ = {} if key is None else {"EXAMPLE_KEY": key}
        subject = Subject.of_operator(path, now=start_of(now), environ=environ, **options)
        return [finding for finding in check(subject).findings if finding.id == id_]

    return run


@pytest.fixture
def book():
    return {entry.id: entry for entry in entries()}
