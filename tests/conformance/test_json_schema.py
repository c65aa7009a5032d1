"""The schemas accept what the loader accepts, and reject only what it rejects too."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import jsonschema
import pytest

from zdr_router.conformance.json_schema import FILES, schema
from zdr_router.errors import ConfigError
from zdr_router.registry import shipped_directory
from zdr_router.registry.strict_yaml import Document, parse

ROOT = Path(__file__).parents[2]
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema(kind)) for kind in FILES}
SHIPPED = sorted(shipped_directory().glob("*.yaml"))
README = re.search(
    r"<!-- test: write zdr.yaml -->\n```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
)
EXAMPLES = re.findall(
    r"<!-- example: (provider|invalid [^\n]+) -->\n```yaml\n(.*?)^```$",
    (ROOT / "docs" / "registry.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)


def value_of(text):
    return parse(text.encode(), "test").value


def accepted(kind, value):
    return VALIDATORS[kind].is_valid(value)


def loads(kind, value):
    try:
        Document(value, parse(b"a: 1", "test")._root, "test").validate(FILES[kind][0])
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("kind", FILES)
def test_a_schema_is_one_and_closes_every_mapping(kind):
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    assert schema(kind)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for part in (schema(kind), *schema(kind)["$defs"].values()):
        assert part["additionalProperties"] is False


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_provider_file_is_accepted(path):
    VALIDATORS["provider"].validate(value_of(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [ROOT / "examples" / "zdr.yaml"], ids=lambda path: path.name)
def test_every_example_of_an_operators_file_is_accepted(path):
    VALIDATORS["operator"].validate(value_of(path.read_text(encoding="utf-8")))
    VALIDATORS["operator"].validate(value_of(README[1]))


def test_the_provider_examples_of_the_pages_are_accepted():
    texts = [text for kind, text in EXAMPLES if kind == "provider"]
    assert len(texts) >= 2
    for text in texts:
        VALIDATORS["provider"].validate(value_of(text))


PROVIDER = value_of(next(text for kind, text in EXAMPLES if kind == "provider"))
OPERATOR = value_of(README[1])


def changed(value, path, new):
    value = copy.deepcopy(value)
    *above, last = path
    inner = value
    for step in above:
        inner = inner[step]
    inner[last] = new
    return value


ZDR = ("configurations", 0)
WRONG = [
    ("provider", (*ZDR, "retention"), "none"),
    ("provider", (*ZDR, "flags", "logs_content"), False),
    ("provider", (*ZDR, "flags", "logs_content"), "never"),
    ("provider", (*ZDR, "flags", "keeps"), "no"),
    ("provider", (*ZDR, "id"), "Example/ZDR"),
    ("provider", (*ZDR, "hosts"), []),
    ("provider", (*ZDR, "endpoints"), []),
    ("provider", (*ZDR, "title"), "   "),
    ("provider", (*ZDR, "dialect"), "litellm"),
    ("provider", (*ZDR, "cache", "isolation"), {"parameter": "cache_salt", "off": {"cache": False}}),
    ("provider", (*ZDR, "conditions", "force"), [{"set": "tools[].type", "to": "x"}]),
    ("provider", (*ZDR, "conditions", "forbid"), [{"path": "a", "equals": 1, "matches": "b"}]),
    ("provider", (*ZDR, "conditions", "forbid"), [{"path": "a", "equals": None}]),
    ("provider", (*ZDR, "conditions", "allow"), {"a b": [1]}),
    ("provider", (*ZDR, "conditions", "response"), [{"header": "a", "body": "b"}]),
    ("provider", (*ZDR, "conditions", "response", 0, "preflight"), {"get": "models"}),
    ("provider", (*ZDR, "conditions", "response", 0, "preflight"), {"post": "/models"}),
    (
        "provider",
        (*ZDR, "conditions", "response"),
        [{"body": "provider", "one_of": ["x"], "preflight": {"get": "/models"}}],
    ),
    ("provider", (*ZDR, "models"), [{"id": "a", "pattern": "b"}]),
    ("provider", (*ZDR, "models"), [{"features": ["tools"]}]),
    ("provider", (*ZDR, "models"), [{"id": "a", "context": 0}]),
    ("provider", (*ZDR, "mechanism"), {"kind": "self_operated"}),
    ("provider", (*ZDR, "attestation", "expires"), "22.11.2026"),
    ("provider", (*ZDR, "attestation", "evidence"), []),
    ("provider", (*ZDR, "attestation", "grade"), "contracted"),
    ("provider", ("provider", "links"), {"privacy": "example.com"}),
    ("provider", ("provider", "country"), "us"),
    ("provider", ("schema",), 2),
    ("provider", ("schema",), "1"),
    ("operator", ("policy",), {}),
    ("operator", ("policy", "max_attestation_age"), 90),
    ("operator", ("policy", "tolerate"), ["anything"]),
    ("operator", ("accounts", "groq-prod", "api_key"), "gsk-literal"),
    ("operator", ("accounts", "groq-prod", "api_key"), {"env": "A", "file": "b"}),
    ("operator", ("accounts", "Not A Name"), {"configuration": "groq/zdr"}),
    ("operator", ("accounts", "local", "grant", "until"), "soon"),
    ("operator", ("accounts", "local", "scope"), {"planet": "earth"}),
    ("operator", ("routes",), {}),
    ("operator", ("routes", "assistant", "timeout"), 30),
    ("operator", ("fallbacks",), []),
]


@pytest.mark.parametrize(
    ("kind", "path", "new"), WRONG, ids=[f"{number}-{each[1][-1]}" for number, each in enumerate(WRONG)]
)
def test_a_wrong_file_is_rejected_by_schema_and_loader(kind, path, new):
    wrong = changed(PROVIDER if kind == "provider" else OPERATOR, path, new)
    assert not accepted(kind, wrong)
    assert not loads(kind, wrong)


def places(value, path=()):
    """Every place in a value, and the keys of every mapping."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inside:
        yield (*path, step)
        yield from places(each, (*path, step))


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("new", [None, False, 1, -1.5, "no", "2026-11-22", [], {}, ["us"], {"env": "A"}], ids=repr)
def test_whatever_the_schema_rejects_the_loader_rejects(kind, new):
    sound = PROVIDER if kind == "provider" else OPERATOR
    for path in places(sound):
        tried = changed(sound, path, new)
        assert accepted(kind, tried) or not loads(kind, tried), path


@pytest.mark.parametrize("kind", FILES)
def test_a_key_that_is_missing_for_the_schema_is_missing_for_the_loader(kind):
    sound = PROVIDER if kind == "provider" else OPERATOR
    missing = 0
    for *above, last in places(sound):
        tried = copy.deepcopy(sound)
        inner = tried
        for step in above:
            inner = inner[step]
        del inner[last]
        missing += not accepted(kind, tried)
        assert accepted(kind, tried) or not loads(kind, tried), (*above, last)
    assert missing
