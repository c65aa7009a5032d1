"""What an operator's file says of records, and that every fault of it is told with file and line."""

from __future__ import annotations

import pytest

from zdr_router import ConfigError
from zdr_router.config import load
from zdr_router.records.store.settings import PostgresSettings

DEPLOYED = """\
policy: {minimum_grade: contracted, cache: host_memory}
accounts: {local: {configuration: llama-cpp/self-operated, base_url: "http://127.0.0.1:8081/v1"}}
routes: {assistant: {targets: [local/gemma]}}
salt: {env: SALT}
"""
ENVIRON = {"SALT": "a salt that is long enough", "PASSWORD": "swordfish"}


@pytest.fixture
def loaded(tmp_path):
    def read(section, *, text=DEPLOYED, environ=ENVIRON):
        path = tmp_path / "zdr.yaml"
        path.write_text(f"{text}{section}\n", encoding="utf-8")
        return load(path, environ)

    return read


def test_records_are_kept_in_a_file_beside_the_operators_for_90_days_and_the_index_for_400(loaded, tmp_path):
    records = loaded("records: {store: {file: data/records.db}}").records
    assert records.place == tmp_path / "data/records.db"
    assert (records.keep, records.incidents) == (90 * 86_400, 400 * 86_400)
    assert (records.when_full, records.hold) == ("refuse", 50_000)
    assert records.source == f"{tmp_path / 'zdr.yaml'}:5"
    assert records.salt.open() == ENVIRON["SALT"]


def test_or_in_postgresql_as_a_user_whose_password_is_elsewhere(loaded, tmp_path):
    records = loaded(
        "records: {keep: 30d, incidents: 200d, when_full: drop, store: {postgresql: "
        "{url: 'postgresql://db.example:6432/zdr', username: router, password: {env: PASSWORD}, ca_file: ca.pem}}}"
    ).records
    wanted = PostgresSettings("db.example", 6432, "zdr", "router", None, str(tmp_path / "ca.pem"))
    assert records.place == wanted
    assert records.place.password.open() == "swordfish"
    assert (records.keep, records.incidents, records.when_full) == (30 * 86_400, 200 * 86_400, "drop")
    assert "swordfish" not in repr(records)


def test_the_usual_port_is_that_of_postgresql(loaded):
    place = loaded("records: {store: {postgresql: {url: 'postgresql://localhost/zdr', username: me}}}").records.place
    assert (place.host, place.port, place.namespace, place.password) == ("localhost", 5432, "zdr", None)


@pytest.mark.parametrize(
    ("section", "line", "what"),
    [
        ("records: {}", 5, "store"),
        ("records: {store: {}}", 5, "a store is {file: PATH} or {postgresql"),
        ("records: {store: {file: a, postgresql: {url: 'postgresql://h/d', username: u}}}", 5, "or {postgresql"),
        ("records: {store: {file: a.db}, keep: 1m}", 5, "keep"),
        ("records: {store: {file: a.db}, incidents: 99999d}", 5, "incidents"),
        ("records: {store: {file: a.db}, keep: 90}", 5, "a duration is written with its unit"),
        ("records: {store: {file: a.db}, incidents: 30d}", 5, "`incidents` is shorter than `keep`"),
        ("records: {store: {file: a.db}, when_full: wait}", 5, "when_full"),
        ("records: {store: {file: a.db}, hold: 1}", 5, "hold"),
        ("records: {store: {file: a.db}, purge: 1h}", 5, "purge"),
        ("records: {store: {postgresql: {url: 'postgresql://u:p@h/d', username: u}}}", 5, "url"),
        ("records: {store: {postgresql: {url: 'postgresql://h:x/d', username: u}}}", 5, "the address of PostgreSQL"),
        ("records: {store: {postgresql: {url: 'postgresql://h/d'}}}", 5, "username"),
        ("records: {store: {postgresql: {url: 'postgresql://h/d', username: u, namespace: 'a\"b'}}}", 5, "namespace"),
        (
            "records: {store: {postgresql: {url: 'postgresql://h/d', username: u, password: {env: NONE}}}}",
            5,
            "set the environment variable NONE",
        ),
        (
            "records: {store: {postgresql: {url: 'postgresql://h/d', username: u, password: secret}}}",
            5,
            "never written",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(loaded, section, line, what):
    with pytest.raises(ConfigError) as caught:
        loaded(section)
    assert f"zdr.yaml:{line}: " in str(caught.value)
    assert what in str(caught.value)


def test_pseudonyms_need_a_salt(loaded):
    with pytest.raises(ConfigError, match="without `salt` nobody could ever tell whose they are; add `salt:"):
        loaded("records: {store: {file: records.db}}", text=DEPLOYED.replace("salt: {env: SALT}\n", ""))


def test_settings_are_the_same_only_with_the_same_secrets(loaded):
    section = "records: {store: {postgresql: {url: 'postgresql://h/d', username: u, password: {env: PASSWORD}}}}"
    one, other = loaded(section).records, loaded(section).records
    assert one.same(other)
    assert not one.same(None)
    for name in ENVIRON:
        assert not one.same(loaded(section, environ={**ENVIRON, name: "another secret of some length"}).records)
