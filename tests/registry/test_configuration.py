"""Which configurations can be declared, where content may be sent, and at which line a fault is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from pydantic import ValidationError

from zdr_router.errors import ConfigError
from zdr_router.registry import Registry
from zdr_router.registry.configuration import AUTH_HEADERS, SIGNED_HEADERS, Auth, Credentials
from zdr_router.registry.hosts import check_base_url, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTS = 'hosts: ["https://api.acme.example/v1", "https://eu.acme.example/v1"]'
CREDENTIALS, BEYOND, SHAPE = "must not carry credentials", "beyond loopback needs https", "written https://name/path"
QUERY, PATH, BLANKS, NONE = "no query and no fragment", "plain path", "no blanks", "not a URL"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.acme.example/v1",
        "https://api.acme.example",
        "https://api.acme.example./v1/",
        "https://xn--grq-sna.example:8443/v1",
        "https://a_b.example/v1",
        "https://10.0.0.1/v1",
        "https://[2001:db8::1]:8443/v1",
        "http://127.0.0.1:8080/v1",
        "http://127.8.9.10/v1",
        "http://localhost:8080/v1",
        "http://LOCALHOST/v1",
        "http://[::1]:8080/v1",
    ],
)
def test_content_may_be_sent_over_tls_or_to_this_machine(url):
    assert check_base_url(url, private_network=False) == ""


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://api.acme.example/v1", BEYOND),
        ("http://localhost./v1", BEYOND),
        ("http://127.0.0.1.evil.example/v1", BEYOND),
        ("http://127.1/v1", BEYOND),
        ("http://2130706433/v1", BEYOND),
        ("http://0x7f000001/v1", BEYOND),
        ("http://0177.0.0.1/v1", BEYOND),
        ("http://0.0.0.0/v1", BEYOND),
        ("http://[::]/v1", BEYOND),
        ("http://10.0.0.1/v1", BEYOND),
        ("http://localhost.evil.example/v1", BEYOND),
        ("https://user:secret@api.acme.example/v1", CREDENTIALS),
        ("https://user@api.acme.example/v1", CREDENTIALS),
        ("https://@api.acme.example/v1", CREDENTIALS),
        ("https://api.acme.example\\@evil.example/v1", CREDENTIALS),
        ("http://127.0.0.1@evil.example/v1", CREDENTIALS),
        ("https://api.acme.example/v1?key=secret", QUERY),
        ("https://api.acme.example/v1?", QUERY),
        ("https://api.acme.example/v1#a", QUERY),
        ("https://api.acme.example/v1#", QUERY),
        ("https://gröq.example/v1", BLANKS),
        ("https://\u0430pi.acme.example/v1", BLANKS),
        ("https://api.acme.example/v 1", BLANKS),
        ("https://api.acme.example/\tv1", BLANKS),
        ("https://api.acme.example/v1\n", BLANKS),
        (" https://api.acme.example/v1", BLANKS),
        ("https://api.acme.example/v1/../admin", PATH),
        ("https://api.acme.example/%2e%2e/admin", PATH),
        ("https://api.acme.example\\.evil.example/", SHAPE),
        ("http://[::1%25eth0]/v1", PATH),
        ("https://api.acme.example:99999/v1", NONE),
        ("https://api.acme.example:-1/v1", NONE),
        ("https://api.acme.example:x/v1", NONE),
        ("https://[::1/v1", NONE),
        ("https://[evil]/v1", NONE),
        ("https:///v1", SHAPE),
        ("https://-a.example/v1", SHAPE),
        ("https://a..example/v1", SHAPE),
        ("https://a.example,b.example/v1", SHAPE),
        ("ftp://api.acme.example/v1", SHAPE),
        ("ws://127.0.0.1/v1", SHAPE),
        ("api.acme.example/v1", SHAPE),
        ("//api.acme.example/v1", SHAPE),
        ("", BLANKS),
    ],
)
def test_content_is_sent_nowhere_else(url, fault):
    assert fault in check_base_url(url, private_network=False)


@pytest.mark.parametrize("url", ["http://10.0.0.1:8000/v1", "http://vllm.internal/v1"])
def test_a_private_network_may_do_without_tls(url):
    assert check_base_url(url, private_network=True) == ""
    assert BEYOND in check_base_url(url, private_network=False)


@pytest.mark.parametrize("url", ["http://u:p@10.0.0.1/v1", "http://10.0.0.1/v1?", "ftp://10.0.0.1/"])
def test_a_private_network_excuses_nothing_but_tls(url):
    assert check_base_url(url, private_network=True)


@pytest.mark.parametrize(
    ("host", "own"), [("::1", True), ("127.0.0.2", True), ("10.0.0.1", False), ("", False), (None, False)]
)
def test_loopback_is_told_by_its_form(host, own):
    assert is_loopback(host) is own


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        (
            HOSTS,
            "hosts: [\n    'http://a.example/v1']",
            "configurations.0.hosts.0: a host beyond loopback",
            "'http://a.example/v1']",
        ),
        (
            HOSTS,
            "hosts:\n    - https://a.example\n    - https://u:p@b.example",
            "hosts.1: a host must not",
            "- https://u:p@b.example",
        ),
        (HOSTS, "hosts: []", "configurations.0.hosts: a configuration that is not self-operated names", "hosts: []"),
        ("tier: paid", "teir: paid", "unknown key configurations.0.teir", "teir: paid"),
        ("      expires: 2027-02-20\n", "", "configurations.0.attestation: `expires` is missing", "attestation:"),
        (
            "  - id: acme/zdr",
            "  - id: other/zdr",
            "configurations.0: the id of a configuration starts with",
            "- id: other/zdr",
        ),
        ("schema: 1", "schema: 2", "schema: this release reads schema 1", "schema: 2"),
        ("schema: 1", "schema: true", "schema: input should be a valid integer", "schema: true"),
        ("  id: acme\n", "  id: Acme\n", "provider.id: string should match pattern", "id: Acme"),
        ("  country: US", "  country: usa", "provider.country: string should match pattern", "country: usa"),
        ("kind: org_setting", "kind: promise", "configurations.0.mechanism.kind: input should be", "kind: promise"),
        ("tier: paid", "tier: gold", "configurations.0.tier: input should be", "tier: gold"),
        ("[chat.completions, embeddings]", "[]", "endpoints: list should have at least 1 item", "endpoints: []"),
        (
            "medium: gpu_memory",
            "medium: tape",
            "configurations.0.cache.medium: input should be",
            "cache: {medium: tape",
        ),
        ("- leg: upstream", "- leg: reseller", "configurations.0.legs.0.leg: input should be", "- leg: reseller"),
        (
            "logs_content: unknown",
            "logs: unknown",
            "unknown key configurations.0.legs.0.flags.logs",
            "flags: {stores_prompts",
        ),
        (
            "set: store",
            'set: "tools[].a"',
            "conditions.force.0.set: a forced parameter is one place",
            'force: [{set: "tools',
        ),
        (
            "to: false",
            "to: {a: 1}",
            "conditions.force.0.to: true or false is expected here, or",
            "force: [{set: store",
        ),
        ('"tools[].type": [', '"tools[0]": [', "conditions.allow.tools[0]: a path is written", '"tools[0]": ['),
        ('"^acme/compound"', '"("', "conditions.forbid.1.matches: no regular expression", "- {path: model"),
        ("context: 8192", "context: 8192.0", "models.0.context: input should be a valid integer", "- {id: one"),
        (
            "https://acme.example/privacy",
            "javascript:x",
            "provider.links.privacy: a link is written",
            "links: {privacy",
        ),
    ],
)
def test_a_fault_is_reported_once_and_where_it_stands(fault, old, new, says, line):
    what, where = fault(old, new)
    assert says in what
    assert where.startswith(line)


def test_a_configuration_without_hosts_is_reported_at_its_first_line(fault):
    what, where = fault(f"    {HOSTS}\n", "")
    assert "names its `hosts`" in what
    assert where == "- id: acme/zdr"


SELF = """\
schema: 1
provider: {id: own, name: Own, legal_entity: Own, country: unknown}
configurations:
  - id: own/engine
    title: An engine of one's own
    mechanism: {kind: self_operated, fail_mode: closed}
    engine: {name: engine, versions: ">=1"}
    endpoints: [chat.completions]
    flags: {}
    attestation:
      observed: 2026-11-22
      evidence: [{kind: source_code, locator: main.c, observed: 2026-11-22, confidence: high}]
"""


def test_a_self_operated_configuration_needs_neither_hosts_nor_a_date_of_lapse(write):
    configuration = Registry.load([write(SELF)]).configurations["own/engine"]
    assert configuration.self_operated
    assert configuration.provider == "own"
    assert configuration.attestation.expires is None


def test_a_self_operated_configuration_names_its_engine(problems):
    (problem,) = problems(SELF.replace('    engine: {name: engine, versions: ">=1"}\n', ""))
    assert "names its `engine`" in problem.what
    assert problem.line == 4


def test_a_faulty_mechanism_causes_no_further_faults(problems):
    (problem,) = problems(SELF.replace("kind: self_operated", "kind: own"))
    assert problem.what.startswith("configurations.0.mechanism.kind: input should be")


def test_private_network_counts_wherever_it_stands(write):
    for content in (
        SELF.replace("    flags:", "    hosts: ['http://vllm.internal/v1']\n    private_network: true\n    flags:"),
        SELF.replace("    flags:", "    private_network: true\n    hosts: ['http://vllm.internal/v1']\n    flags:"),
    ):
        assert Registry.load([write(content)]).configurations["own/engine"].hosts == ["http://vllm.internal/v1"]


CANARY = "sk-CANARY-0123456789"


def _told(error: ConfigError) -> list[str]:
    parts = [
        str(error),
        repr(error),
        repr(error.args),
        repr(vars(error)),
        repr(error.__cause__),
        repr(error.__context__),
    ]
    return parts + [str(getattr(problem, name)) for problem in error.problems for name in type(problem).__slots__]


def _wrong(text: str) -> Iterator[str]:
    """The provider file with one of its values replaced by something wrong, for every value and many wrongs."""
    for line in text.splitlines():
        key, colon, _ = line.partition(": ")
        if colon and key.strip() not in ("how", "title", "name", "legal_entity", "operator"):
            for wrong in (
                f"[{CANARY}]",
                f"[[{CANARY}, 1]]",
                f"{{{CANARY[:2]}: {CANARY}}}",
                f'"(?P={CANARY})"',
                f"{CANARY}(",
            ):
                yield text.replace(line, f"{key}: {wrong}")


def _error(path: Path) -> ConfigError | None:
    try:
        Registry.load([path])
    except ConfigError as error:
        return error
    return None


def test_no_value_is_ever_told_whatever_is_wrong_with_it(text, write):
    errors = [error for content in _wrong(text) if (error := _error(write(content))) is not None]
    assert len(errors) > 100
    for error in errors:
        assert not [part for part in _told(error) if CANARY in part]
        assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize(
    "new",
    [
        f"credentials: {{env: A, api_key: {CANARY}}}",
        f"credentials: {CANARY}",
        f"credentials: {{auth: {CANARY}}}",
        f"hosts: ['https://{CANARY}@api.acme.example/v1']",
        f"hosts: ['http://api.acme.example/{CANARY}']",
        f"hosts: ['https://api.acme.example/v1?key={CANARY}']",
        f"hosts: ['https://[{CANARY}]/']",
        f"hosts: {CANARY}",
        f"hosts: [{{a: {CANARY}}}]",
        f"hosts: &{CANARY} []",
        f"hosts: *{CANARY}",
        f"hosts: !{CANARY} []",
        f"hosts: '{CANARY}",
        f"hosts: [{CANARY}",
        f"hosts: {CANARY}: x",
        f"hosts: @{CANARY}",
        f"hosts: {CANARY}\x00",
    ],
)
def test_no_secret_in_a_wrong_place_is_told(write, text, new):
    with pytest.raises(ConfigError) as caught:
        Registry.load([write(text.replace(HOSTS, new))])
    assert not [part for part in _told(caught.value) if CANARY in part]
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_every_problem_of_every_file_is_told_in_order(write, text):
    first = write(text.replace("tier: paid", "tier: gold").replace("country: US", "country: usa"), "a.yaml")
    second = write(text.replace("medium: gpu_memory", "medium: tape").replace("acme", "beta"), "b.yaml")
    third = write("a: [", "c.yaml")
    with pytest.raises(ConfigError) as caught:
        Registry.load([second, third, first, "/nowhere.yaml"])
    found = [(problem.file, problem.line) for problem in caught.value.problems]
    assert [file for file, _ in found] == [str(second), str(third), str(first), str(first), "/nowhere.yaml"]
    assert found[2][1] < found[3][1]
    assert str(caught.value).count("\n") == 4


@pytest.mark.parametrize("auth", get_args(Auth))
def test_an_audience_goes_with_what_is_made_out_to_somebody(auth):
    if auth in {"aws_sigv4", "google", "azure_ad"}:
        assert Credentials(auth=auth, audience="bedrock-mantle").audience == "bedrock-mantle"
        return
    with pytest.raises(ValidationError, match="goes with aws_sigv4, google or azure_ad"):
        Credentials(auth=auth, audience="bedrock-mantle")


@pytest.mark.parametrize("audience", ["", "a b", "a\n", "é", "a" * 257])
def test_an_audience_is_one_visible_word(audience):
    with pytest.raises(ValidationError):
        Credentials(auth="google", audience=audience)


def test_every_way_to_authenticate_either_sends_a_secret_or_signs_or_neither():
    assert {*AUTH_HEADERS, *SIGNED_HEADERS, "none"} == set(get_args(Auth))
    assert not AUTH_HEADERS.keys() & SIGNED_HEADERS.keys()
    assert all("authorization" in names for names in SIGNED_HEADERS.values())
