"""A registry in which every part that a page of the catalogue can show occurs, and a strict reader of pages."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

from deployments import NO_FLAGS, configuration, registry

DAY = dt.date(2026, 11, 22)
VOID = {"meta", "link", "input", "br", "col", "hr", "img"}
NASTY = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp;{{ 7*7 }}"


EARLY = {"header": "x-early", "equals": "yes", "preflight": {"get": "/models"}}


def attested(expires, **members):
    page = {"kind": "policy_page", "url": "https://example.com/a?b=1&c=2", "locator": "§ 1", "observed": "2026-09-30"}
    evidence = [{**page, "confidence": "high", "about": ["logs_content", "cache"], "digest": "sha256:ab"}]
    return {"observed": "2026-10-01", "expires": expires, "evidence": evidence, **members}


def everything():
    """Lapsed, soon, today and later; every kind of clearing; conditions, exceptions, legs, conflicts, prices."""
    conditions = {
        "force": [{"set": "store", "to": False}, {"set": "provider.only", "to": ["a", "b"]}],
        "allow": {"tools[].type": ["function"], "metadata": []},
        "forbid": [{"path": "a"}, {"path": "b", "equals": 1, "why": "because"}, {"path": "c", "matches": "^x"}],
        "permit": ["cache_key", "of-no-table"],
        "response": [{"header": "x-zdr", "equals": "on"}, {"body": "provider", "one_of": ["A", "B"]}, EARLY],
    }
    exceptions = [
        {"trigger": "csam_screening", "when": "images", "human_review": "yes"},
        {"trigger": "sampling", "max": "30d", "human_review": "no"},
        {"trigger": "abuse_flag"},
    ]
    upstream = {"leg": "upstream", "operator": "somebody", "flags": {**NO_FLAGS, "logs_content": "yes"}}
    engine = {"name": "engine", "versions": ">=1,<2", "required_flags": ["-a"], "forbidden_flags": ["-b"]}
    models = [
        {"id": "small", "context": 131072, "features": ["stream"], "price": {"input": 0.5, "output": 1.125}},
        {"pattern": "^large-", "origin": "hosted"},
    ]
    setting = {"kind": "org_setting", "scope": "organization", "fail_mode": "closed", "how": "switch it on"}
    conflict = {"url": "https://example.com/other", "says": "the other thing", "observed": "2026-10-01"}
    return registry(
        configuration(
            "acme/zdr",
            mechanism=setting,
            regions=["eu"],
            conditions=conditions,
            models=models,
            excluded_models=[{"matches": "-beta$", "why": "betas are logged"}],
            attestation=attested("2026-12-22"),
        ),
        configuration(
            "acme/parameter",
            mechanism={"kind": "request_parameter", "fail_mode": "closed"},
            regions=["eu", "us"],
            conditions=conditions,
            exceptions=exceptions,
            attestation=attested("2026-11-22"),
        ),
        configuration(
            "acme/default",
            regions=[],
            flags={**NO_FLAGS, "stores_prompts": "yes", "logs_content": "unknown"},
            default_retention={"duration": "30 days", "purposes": ["abuse"]},
            attestation=attested("2026-12-30", conflicts=[conflict], reviewed_by="A. Reader"),
        ),
        configuration("gate/byok", legs=[upstream], credential_mode="byok", attestation=attested("2026-11-21")),
        configuration(
            "gate/lapsed",
            cache={"medium": "disk", "max_ttl": "1h", "isolation": {"parameter": "cache_salt"}},
            attestation=attested("2026-11-21", grade="claimed"),
        ),
        configuration(
            "own/run",
            hosts=[],
            regions=[],
            mechanism={"kind": "self_operated"},
            engine=engine,
            cache={"medium": "host_memory", "can_disable": True, "isolation": {"off": {"cache": False}}},
            attestation=attested(None),
        ),
    )


class Reading(HTMLParser):
    """A page, read strictly: elements with their attributes, text, and tags that were not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.text = ""
        self.unbalanced = []
        self._open = []
        self.feed(text)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag, attrs):
        assert len(attrs) == len(dict(attrs)), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.text += data

    @property
    def words(self):
        return " ".join(self.text.split())

    def all(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]

    @property
    def ids(self):
        return [attrs["id"] for _, attrs in self.elements if "id" in attrs]


def read(files):
    return {name: Reading(content.decode()) for name, content in files.items() if name.endswith(".html")}
