"""Patterns of base URLs: what a placeholder may stand for, and what it never can."""

from __future__ import annotations

import pytest

from zdr_router.registry.hosts import bindings, check_host, has_placeholder, in_the_clear

AZURE = "https://{resource}.openai.azure.com/openai/v1"
BEDROCK = "https://bedrock-runtime.{region}.amazonaws.com"
VERTEX = "https://aiplatform.googleapis.com/v1/projects/{project}/locations/{region}"


@pytest.mark.parametrize("host", [AZURE, BEDROCK, VERTEX, "https://api.acme.example/v1", "http://127.0.0.1:8080/v1"])
def test_these_are_hosts(host):
    assert check_host(host, private_network=False) == ""
    assert has_placeholder(host) is ("{" in host)


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("https://{anything}", "spells out its domain"),
        ("https://api.{anything}", "spells out its domain"),
        ("https://api.{domain}.example", "spells out its domain"),
        ("https://api.acme.{tld}", "spells out its domain"),
        ("https://acme.example:{port}", "not a URL"),
        ("https://{a}.{a}.acme.example", "each placeholder once"),
        ("https://{A}.acme.example", "written {name}"),
        ("https://{}.acme.example", "written {name}"),
        ("https://{a.acme.example", "written {name}"),
        ("http://{a}.acme.example", "needs https"),
        ("https://{a}@api.acme.example", "must not carry credentials"),
        ("https://{a}.acme.example/?q={b}", "no query"),
    ],
)
def test_these_are_none(host, fault):
    assert fault in check_host(host, private_network=False)


@pytest.mark.parametrize(
    ("host", "url", "named"),
    [
        (AZURE, "https://acme-eu.openai.azure.com/openai/v1", {"resource": "acme-eu"}),
        (AZURE, "https://acme-eu.openai.azure.com/openai/v1/", {"resource": "acme-eu"}),
        (BEDROCK, "https://bedrock-runtime.eu-central-1.amazonaws.com", {"region": "eu-central-1"}),
        (
            VERTEX,
            VERTEX.format(project="acme-1", region="europe-west4"),
            {"project": "acme-1", "region": "europe-west4"},
        ),
        ("https://api.acme.example/v1", "https://api.acme.example/v1", {}),
    ],
)
def test_a_placeholder_stands_for_one_label_or_one_part_of_the_path(host, url, named):
    assert bindings(host, url) == named


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (AZURE, "https://evil.example/.openai.azure.com/openai/v1"),
        (AZURE, "https://evil.example#.openai.azure.com/openai/v1"),
        (AZURE, "https://a.b.openai.azure.com/openai/v1"),
        (AZURE, "https://.openai.azure.com/openai/v1"),
        (AZURE, "https://u:p@x.openai.azure.com/openai/v1"),
        (AZURE, "https://acme.openai.azure.com/openai/v1/extra"),
        (AZURE, "https://acmeXopenai.azure.com/openai/v1"),
        (AZURE, "http://acme.openai.azure.com/openai/v1"),
        (AZURE, "https://acme.openai.azure.com/openai/v1\n"),
        (VERTEX, "https://aiplatform.googleapis.com/v1/projects/a/b/locations/eu"),
        (VERTEX, "https://aiplatform.googleapis.com/v1/projects/../locations/eu"),
        (VERTEX, "https://aiplatform.googleapis.com/v1/projects//locations/eu"),
        (VERTEX, "https://aiplatform.googleapis.com/v1/projects/a?x=1/locations/eu"),
        ("https://api.acme.example/v1", "https://api.acme.example/v2"),
        ("https://api.acme.example/v1", "https://apiXacme.example/v1"),
    ],
)
def test_and_for_nothing_else(host, url):
    assert bindings(host, url) is None


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("http://models.example.com/v1", True),
        ("http://{region}.models.example.com/v1", True),
        ("http://10.0.0.7:8000/v1", True),
        ("https://models.example.com/v1", False),
        ("http://127.0.0.1:8080/v1", False),
        ("http://[::1]:8080/v1", False),
        ("http://[", False),
    ],
)
def test_what_leaves_the_machine_without_tls_is_in_the_clear(url, clear):
    assert in_the_clear(url) is clear
