"""The operator's file: what it becomes, and that every fault of it is told with file and line."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import upstream as up
from deployments import configuration, registry

from zdr_router import Account, AsyncRouter, ConfigError, Policy
from zdr_router.config import assemble, load
from zdr_router.credentials.reading import read_secret
from zdr_router.policy.accounts import fingerprint
from zdr_router.policy.secrets import SecretSource

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.deployment import Deployment

TODAY = dt.datetime.now(dt.UTC).date()
UNTIL = TODAY + dt.timedelta(30)

FILE = f"""\
policy: {{minimum_grade: contracted, cache: host_memory}}
accounts:
  local:
    configuration: llama-cpp/self-operated
    base_url: http://127.0.0.1:8081/v1
    grant: {{basis: self_operated, stated_by: me, since: {TODAY}, until: {UNTIL}}}
  groq:
    configuration: groq/zdr
    api_key: {{env: GROQ_KEY}}
    scope: {{organization: org_1}}
    grant: {{basis: org_setting, stated_by: me, since: {TODAY}, until: {UNTIL}, scope: {{organization: org_1}}}}
tenants:
  acme: {{policy: {{regions: [on_premises]}}, accounts: [groq]}}
  globex: {{}}
routes:
  assistant:
    strategy: weighted
    targets:
      - local/gemma
      - {{target: groq/llama-3.3-70b-versatile, weight: 3}}
    timeout: 30s
    max_attempts: 2
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "zdr.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def changed(old: str, new: str, text: str = FILE) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(path, {})
    return [str(problem).removeprefix(str(path)) for problem in raised.value.problems]


def rules(deployment: Deployment, target: str) -> set[str]:
    explanation = AsyncRouter.of(deployment).explain(model="assistant", tenant="acme")
    return {refusal.id for refusal in explanation.refusals if refusal.target == target}


def test_a_file_becomes_a_deployment(write):
    deployment = load(write(FILE), {"GROQ_KEY": "k"})
    route = deployment.routes["assistant"]
    assert [target.id for target in route.targets] == ["local/gemma", "groq/llama-3.3-70b-versatile"]
    assert (route.strategy, route.timeout, route.max_attempts) == ("weighted", 30.0, 2)
    assert route.weights == {"groq/llama-3.3-70b-versatile": 3.0}
    local, groq = route.targets
    assert (local.tenant, local.shared, groq.tenant, groq.shared) == (None, True, "acme", False)
    assert groq.credential.open() == "k"


def test_policies_are_complete_and_tenants_only_tighten(write):
    deployment = load(write(FILE), {})
    assert set(deployment.policies) == {None, "acme", "globex"}
    host, acme, globex = (deployment.policies[name] for name in (None, "acme", "globex"))
    assert host.max_attestation_age == 90 * 86400.0
    assert acme.regions == ["on_premises"]
    assert acme.minimum_grade == "contracted"
    assert globex.digest == host.digest


def test_where_an_account_is_declared_is_told_in_refusals(write):
    path = write(FILE)
    target = load(path, {}).routes["assistant"].targets[1]
    assert target.account_source == f"{path}:7"


FAULTS = {
    "unknown key": ("minimum_grade: contracted", "minimum_grad: contracted", ":1: unknown key policy.minimum_grad"),
    "unknown section": ("tenants:\n", "tenant:\n", ":12: unknown key tenant"),
    "unknown configuration": ("llama-cpp/self-operated", "llama-cpp/none", ":4: account local uses the configuration"),
    "unknown target": ("- local/gemma", "- nobody/gemma", ":19: the target nobody/gemma names no declared account"),
    "no target": ("- local/gemma", "- gemma", ":19: gemma is not a target"),
    "no model": ("- local/gemma", "- local/", ":19: the target local/"),
    "twice the same": ("- {target: groq/llama-3.3-70b-versatile, weight: 3}", "- local/gemma",
        ":20: local/gemma is listed twice"),
    "unknown account": ("accounts: [groq]", "accounts: [grok]",
        ":13: tenant acme owns account grok, which is not declared"),
    "two tenants": ("globex: {}", "globex: {accounts: [groq]}",
        ":14: account groq belongs to two tenants, acme and globex"),
    "literal key": ("{env: GROQ_KEY}", "gsk_canary", ":9: accounts.groq.api_key: a key is never written in a file"),
    "two sources": ("{env: GROQ_KEY}", "{env: A, file: B}", ":9: accounts.groq.api_key: a secret is"),
    "no source": ("{env: GROQ_KEY}", "{}", ":9: accounts.groq.api_key: a secret is"),
    "parts that are no whole": ("api_key: {env: GROQ_KEY}", "credentials: {access_key_id: {env: GROQ_KEY}}",
        ":9: accounts.groq.credentials: credentials are one of {access_key_id: "),
    "a literal part": ("api_key: {env: GROQ_KEY}", "credentials: {service_account: gsk_canary}",
        ":9: accounts.groq.credentials.service_account: a key is never written in a file"),
    "parts where a key is asked for": ("api_key: {env: GROQ_KEY}", "credentials: {service_account: {env: GROQ_KEY}}",
        ":9: account groq gives `credentials`, and its configuration authenticates with bearer; give the account an"),
    "parts where nothing is asked for": ("    base_url: http://127.0.0.1:8081/v1\n",
        "    base_url: http://127.0.0.1:8081/v1\n    credentials: {service_account: {env: GROQ_KEY}}\n",
        ":6: account local gives `credentials`, and its configuration authenticates with none; leave it out"),
    "empty policy": ("{minimum_grade: contracted, cache: host_memory}", "{}", ":1: policy: a policy says something"),
    "empty policy of a tenant": ("{regions: [on_premises]}", "{}", ":13: tenants.acme.policy: a policy says something"),
    "no unit": ("timeout: 30s", "timeout: 30", ":21: routes.assistant.timeout: a duration is written with its unit"),
    "no attempts": ("max_attempts: 2", "max_attempts: 0", ":22: routes.assistant.max_attempts: "),
    "unknown strategy": ("strategy: weighted", "strategy: best", ":17: routes.assistant.strategy: "),
    "negative weight": ("weight: 3", "weight: -1", ":20: routes.assistant.targets.1"),
    "an account's name": ("  local:\n", "  Local One:\n", ":3: "),
    "dates": (f"since: {TODAY}, until: {UNTIL}}}\n  groq", f"since: {UNTIL}, until: {TODAY}}}\n  groq",
        ":6: accounts.local.grant"),
    "a key given twice": ("  groq:\n", "  local:\n", ":7: "),
    "weights under another strategy": ("strategy: weighted", "strategy: in_order",
        ":17: route assistant gives weights, and its strategy is in_order"),
    "schema": ("policy: {min", "schema: 2\npolicy: {min", ":1: schema: this release reads schema 1"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_file_line_and_nothing_of_a_secret(write, fault):
    old, new, expected = FAULTS[fault]
    found = problems(write(changed(old, new)))
    assert any(each.startswith(expected) for each in found), found
    assert "gsk_canary" not in "".join(found)


def test_every_fault_is_told_at_once(write):
    text = FILE
    for fault in ("unknown configuration", "no target", "unknown account"):
        text = changed(*FAULTS[fault][:2], text=text)
    assert [each.split(":")[1] for each in problems(write(text))] == ["13", "4", "19"]


@pytest.mark.parametrize("section", ["policy", "accounts", "routes"])
def test_a_section_that_is_missing_is_told(write, section):
    lines, dropping = [], False
    for line in FILE.splitlines(keepends=True):
        if not line.startswith(" "):
            dropping = line.startswith(f"{section}:")
        lines += [] if dropping else [line]
    assert any(f"missing key {section}" in each for each in problems(write("".join(lines))))


def test_no_routes_at_all_are_an_error(write):
    assert problems(write(FILE[: FILE.index("routes:")] + "routes: {}\n"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "policy", "a: [", "\x00"], ids=repr)
def test_what_is_no_configuration_is_told(write, text):
    assert problems(write(text))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError) as raised:
        AsyncRouter.from_config(tmp_path / "none.yaml")
    assert str(raised.value).startswith(f"{tmp_path / 'none.yaml'}: cannot be read")


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path):
    (tmp_path / "key").write_text("from file\n", encoding="utf-8")
    (tmp_path / "empty").write_text(" \n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    environ = {"KEY": " from environment ", "EMPTY": ""}
    assert read_secret(SecretSource(env="KEY"), environ).open() == "from environment"
    assert read_secret(SecretSource(file=str(tmp_path / "key")), environ).open() == "from file"
    for missing in (
        SecretSource(env="NONE"),
        SecretSource(env="EMPTY"),
        *(SecretSource(file=str(tmp_path / name)) for name in ("empty", "binary", "none", ".")),
    ):
        assert read_secret(missing, environ) is None


def test_a_missing_secret_is_a_refusal_not_an_error(write):
    assert "ZDR309" in rules(load(write(FILE), {}), "groq/llama-3.3-70b-versatile")
    assert "ZDR309" not in rules(load(write(FILE), {"GROQ_KEY": "k"}), "groq/llama-3.3-70b-versatile")


def test_the_environment_is_read_only_for_what_is_named(write, monkeypatch):
    monkeypatch.setenv("GROQ_KEY", "from the process")
    assert load(write(FILE)).routes["assistant"].targets[1].credential.open() == "from the process"
    assert load(write(FILE), {}).routes["assistant"].targets[1].credential is None


OWN = f"""\
schema: 1
provider: {{id: own, name: Own, legal_entity: "Own, Inc.", country: US}}
configurations:
  - id: own/api
    title: An API of our own
    mechanism: {{kind: default, fail_mode: closed}}
    hosts: ["https://own.example/v1"]
    endpoints: [chat.completions]
    flags: {{stores_prompts: no}}
    attestation:
      observed: {TODAY}
      expires: {UNTIL}
      evidence: [{{kind: contract, locator: "§1", observed: {TODAY}, confidence: high}}]
"""


def test_files_that_the_file_names_are_found_beside_it(write, tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.yaml").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir("/")
    deployment = load(write("registry: {providers: [own]}\n" + FILE), {})
    assert "own/api" in deployment.registry.configurations
    assert "groq/zdr" in deployment.registry.configurations
    alone = changed("configuration: groq/zdr", "configuration: own/api", FILE)
    found = problems(write("registry: {shipped: false, providers: [own]}\n" + alone))
    assert len(found) == 1
    assert "llama-cpp/self-operated, which is not declared" in found[0]


def test_a_file_with_a_key_and_a_trust_store_are_found_beside_the_file_that_names_them(write, tmp_path, monkeypatch):
    (tmp_path / "key").write_text("sk-1\n", encoding="utf-8")
    monkeypatch.chdir("/")
    text = changed("{env: GROQ_KEY}", "{file: key}") + "transport: {ca_file: ca.pem}\n"
    deployment = load(write(text), {})
    assert deployment.routes["assistant"].targets[1].credential.open() == "sk-1"
    assert deployment.transport.ca_file == str(tmp_path / "ca.pem")


def test_a_fault_in_a_provider_file_is_told_at_its_own_place(write, tmp_path):
    (tmp_path / "own.yaml").write_text(changed("title:", "titel:", OWN), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(write("registry: {providers: [own.yaml]}\n" + FILE), {})
    assert f"{tmp_path / 'own.yaml'}:5" in str(raised.value)


async def test_a_router_is_built_from_a_file(write):
    async with up.Upstream() as server:
        text = changed("http://127.0.0.1:8081/v1", server.url)
        async with AsyncRouter.from_config(write(text), environ={}) as router:
            answer = await router.chat(model="assistant", messages=[{"role": "user", "content": "hi"}])
    assert answer.metadata.target == "local/gemma"


def test_a_key_where_parts_are_asked_for_is_a_fault():
    one = configuration(credentials={"auth": "aws_sigv4"})
    account = Account.model_validate({"configuration": one.id, "api_key": {"env": "KEY"}})
    with pytest.raises(ConfigError) as caught:
        assemble(registry=registry(one), policy=Policy(cache="none"), accounts={"a": account}, routes={}, environ={})
    (problem,) = caught.value.problems
    assert problem.what == "account a gives `api_key`, and its configuration authenticates with aws_sigv4"
    assert problem.fix.startswith("give the account `credentials: {access_key_id: {env: NAME}, ")


def test_a_credential_is_fingerprinted_once_for_all_who_ask(write, tmp_path):
    text = changed("{env: GROQ_KEY}", "{file: keys/groq}")
    assert load(write(text), {}).fingerprints == {"local": None, "groq": None}
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "groq").write_text("sk-1\n", encoding="utf-8")
    deployment = load(write(text), {})
    assert deployment.fingerprints == {"local": None, "groq": fingerprint("groq", "sk-1")}
    assert deployment.targets[1].credential_fingerprint == deployment.fingerprints["groq"]


def test_each_target_is_counted_once_however_many_routes_name_it(write):
    text = FILE + "  other: {targets: [local/gemma, local/other]}\n"
    ids = [target.id for target in load(write(text), {}).targets]
    assert ids == ["local/gemma", "groq/llama-3.3-70b-versatile", "local/other"]


def test_opentelemetry_is_told_where_the_file_says_so(write):
    assert not load(write(FILE), {}).otel
    assert load(write(f"{FILE}telemetry: {{otel: true}}\n"), {}).otel


def test_receipts_are_kept_beside_the_file_that_asks_for_them(write, tmp_path, monkeypatch):
    (tmp_path / "receipts.key").write_text("PEM\n", encoding="utf-8")
    monkeypatch.chdir("/")
    entry = "receipts: {directory: kept, key: {file: receipts.key}, seal_every: 5s, seal_at: 10}\n"
    receipts = load(write(FILE + entry), {}).receipts
    assert (receipts.directory, receipts.key.open()) == (tmp_path / "kept", "PEM")
    assert (receipts.every, receipts.at) == (5.0, 10)
    assert load(write(FILE), {}).receipts is None


def test_a_key_for_receipts_that_is_not_there_is_an_error_with_its_line(write):
    said = r":\d+: the key that seals receipts is not there; set the environment"
    with pytest.raises(ConfigError, match=said) as raised:
        load(write(FILE + "receipts: {directory: kept, key: {env: ZDR_RECEIPTS_KEY}}\n"), {})
    assert len(raised.value.problems) == 1


KEYS = "keys: {store: {file: keys.db}, pepper: {env: PEPPER}}\n"
POSTGRES = (
    "keys: {store: {postgresql: {url: 'postgresql://db.internal/zdr', username: zdr, password: {env: PGPASS}}}, "
    "pepper: {file: pepper}, counters: {redis: {url: 'redis://127.0.0.1:6379/2', prefix: fleet}}, stale_after: 5s}\n"
)


def test_keys_are_kept_beside_the_file_that_asks_for_them(write, tmp_path):
    assert load(write(FILE), {}).keys is None
    keys = load(write(FILE + KEYS), {"PEPPER": "p" * 32}).keys
    assert (keys.place, keys.pepper.open(), keys.counters, keys.stale_after) == (
        tmp_path / "keys.db",
        "p" * 32,
        None,
        60.0,
    )


def test_keys_of_a_fleet_are_kept_in_postgresql_and_counted_in_redis(write, tmp_path):
    (tmp_path / "pepper").write_text("q" * 32 + "\n", encoding="utf-8")
    keys = load(write(FILE + POSTGRES), {"PGPASS": "hunter2"}).keys
    place = keys.place
    assert (place.host, place.port, place.database, place.username) == ("db.internal", 5432, "zdr", "zdr")
    assert (place.password.open(), place.namespace, place.private_network) == ("hunter2", "zdr", False)
    assert (keys.counters.url, keys.counters.prefix, keys.stale_after) == ("redis://127.0.0.1:6379/2", "fleet", 5.0)
    again = load(write(FILE + POSTGRES), {"PGPASS": "hunter2"}).keys
    other = load(write(FILE + POSTGRES), {"PGPASS": "hunter3"}).keys
    assert keys.same(again)
    assert not keys.same(other)
    assert not keys.same(None)
    assert "hunter2" not in repr(keys)
    assert "q" * 32 not in repr(keys)


@pytest.mark.parametrize(
    ("entry", "environ", "said"),
    [
        (KEYS, {}, "the pepper of API keys is not there; set the environment variable PEPPER"),
        (KEYS, {"PEPPER": "short"}, "the pepper has 5 characters, and needs 32; make one at random"),
        (KEYS.replace("{env: PEPPER}", "secret-written-down"), {}, "a key is never written in a file"),
        ("keys: {store: {}, pepper: {env: PEPPER}}\n", {"PEPPER": "p" * 32}, r"a store is \{file: PATH\}"),
        (POSTGRES, {}, "the password of PostgreSQL is not there"),
        (KEYS.replace("}}\n", "}, stale_after: 1s}\n"), {"PEPPER": "p" * 32}, "greater than or equal to 2"),
    ],
)
def test_a_fault_in_the_section_of_keys_is_told_with_its_line(write, entry, environ, said):
    with pytest.raises(ConfigError, match=rf":\d+: .*{said}") as raised:
        load(write(FILE + entry), environ)
    assert "secret-written-down" not in str(raised.value)
