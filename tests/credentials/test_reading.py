"""A credential is what its account names and nothing else, as one text that a grant can be bound to."""

from __future__ import annotations

import json

import pytest

from zdr_router.credentials.reading import read_credential
from zdr_router.policy.accounts import Account

AWS = {"access_key_id": {"env": "ID"}, "secret_access_key": {"env": "SECRET"}, "session_token": {"env": "SESSION"}}
ENVIRON = {"ID": "AKID", "SECRET": "wJalr", "SESSION": "FwoG", "AWS_SESSION_TOKEN": "of somebody else"}


def account(**members) -> Account:
    return Account.model_validate({"configuration": "p0/c0", **members})


def test_parts_are_one_canonical_text():
    read = read_credential(account(credentials=AWS), ENVIRON)
    assert read.open() == '{"access_key_id":"AKID","secret_access_key":"wJalr","session_token":"FwoG"}'
    assert "wJalr" not in repr(read)


def test_the_order_in_which_parts_are_written_does_not_matter():
    turned = dict(reversed(AWS.items()))
    one, other = (read_credential(account(credentials=parts), ENVIRON).open() for parts in (AWS, turned))
    assert one == other


@pytest.mark.parametrize("name", ["ID", "SECRET", "SESSION"])
def test_another_part_is_another_credential_and_a_part_that_is_missing_makes_none(name):
    whole = read_credential(account(credentials=AWS), ENVIRON).open()
    assert read_credential(account(credentials=AWS), {**ENVIRON, name: "rotated"}).open() != whole
    assert read_credential(account(credentials=AWS), {**ENVIRON, name: " "}) is None
    assert read_credential(account(credentials=AWS), {k: v for k, v in ENVIRON.items() if k != name}) is None


def test_nothing_is_read_that_the_account_does_not_name():
    keys = {name: AWS[name] for name in ("access_key_id", "secret_access_key")}
    assert "session_token" not in read_credential(account(credentials=keys), ENVIRON).open()
    assert read_credential(account(), ENVIRON) is None


def test_a_key_file_gives_the_same_however_it_is_laid_out(tmp_path):
    key = {"type": "service_account", "private_key": "-----BEGIN\n", "client_email": "ä@p"}
    named = account(credentials={"service_account": {"file": "key.json"}})
    texts = set()
    for text in (json.dumps(key), json.dumps(key, indent=4), json.dumps(dict(reversed(key.items())))):
        (tmp_path / "key.json").write_text(text + "\n", encoding="utf-8")
        texts.add(read_credential(named, {}, tmp_path).open())
    (text,) = texts
    assert json.loads(text) == {"service_account": key}
    (tmp_path / "key.json").unlink()
    assert read_credential(named, {}, tmp_path) is None


def test_a_key_file_that_is_no_json_is_kept_for_its_signer_to_refuse():
    named = account(credentials={"service_account": {"env": "KEY"}})
    assert read_credential(named, {"KEY": "not json"}).open() == '{"service_account":"not json"}'


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"a": NaN}', '{"a": 9007199254740993}', "[" * 100_000])
def test_a_key_file_that_has_no_canonical_form_is_text(text):
    named = account(credentials={"service_account": {"env": "KEY"}})
    assert json.loads(read_credential(named, {"KEY": text}).open()) == {"service_account": text}


@pytest.mark.parametrize("members", [{"api_key": {"env": "KEY"}}, {"credentials": {"service_account": {"env": "KEY"}}}])
def test_bytes_that_are_no_text_are_no_secret(members):
    assert read_credential(account(**members), {"KEY": "k\udcff"}) is None
    assert "ключ" in read_credential(account(**members), {"KEY": "ключ"}).open()


def test_what_is_no_secret_is_a_part_all_the_same():
    parts = {"tenant_id": "t-1", "client_id": "c-1", "client_secret": {"env": "SECRET"}}
    one = read_credential(account(credentials=parts), ENVIRON).open()
    assert json.loads(one) == {"client_id": "c-1", "client_secret": "wJalr", "tenant_id": "t-1"}
    other = read_credential(account(credentials={**parts, "client_id": "c-2"}), ENVIRON).open()
    assert one != other
