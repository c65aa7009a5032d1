"""What is missing is said when a router opens, and libraries are loaded only for those who need them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from here import needs_extra
from signed import CANARY, made, signed, target
from upstream import Upstream

from zdr_router import ConfigError
from zdr_router.credentials.signers import Signers
from zdr_router.credentials.tokens import TokenSigner
from zdr_router.sealed import Sealed

LIBRARIES = {"aws_sigv4": ("botocore", "aws"), "google": ("google.auth", "google")}


async def fetch(errand, *, deadline):
    raise AssertionError((errand, deadline))


def signers(*targets, **members) -> Signers:
    return Signers(targets, fetch, lambda: 0.0, **members)


@pytest.mark.parametrize("auth", ["azure_ad", "ibm_iam"])
async def test_each_account_has_one_signer_and_nothing_is_fetched_at_the_start(auth):
    one = target(auth)
    async with signers(one, one) as opened:
        assert opened.by_account.keys() == {"a"}
        assert isinstance(opened.by_account["a"], TokenSigner)


@pytest.mark.parametrize("auth", LIBRARIES)
async def test_a_way_that_needs_a_library_has_its_signer_too(auth):
    library, extra = LIBRARIES[auth]
    needs_extra(extra, library)
    assert signers(target(auth)).by_account.keys() == {"a"}


@pytest.mark.parametrize("auth", LIBRARIES)
async def test_a_library_that_is_missing_is_an_error_when_the_router_opens(auth, monkeypatch):
    library, extra = LIBRARIES[auth]
    needs_extra(extra, library)
    module = "zdr_router.credentials." + {"aws_sigv4": "aws", "google": "google"}[auth]
    monkeypatch.delitem(sys.modules, module, raising=False)
    for name in [name for name in sys.modules if name == library or name.startswith(f"{library}.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, library, None)
    router = made(auth)
    with pytest.raises(ConfigError) as caught:
        await router.__aenter__()
    told = str(caught.value)
    assert f'"zdr-router[{extra}]"' in told
    assert "account a" in told
    assert CANARY not in told


def test_an_account_that_is_not_signed_for_needs_no_library():
    program = (
        "import asyncio, sys; sys.path.insert(0, 'tests'); from signed import made\n"
        "async def main():\n"
        "    async with made('ibm_iam'): pass\n"
        "asyncio.run(main())\n"
        "print([name for name in ('botocore', 'google.auth', 'requests', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.strip() == "[]"


async def test_a_region_that_nobody_names_is_an_error_when_the_router_opens():
    needs_extra("aws", "botocore")
    router = made("aws_sigv4", regions=["eu-central-1", "us-east-1"])
    with pytest.raises(ConfigError, match="account a: nobody says for which region its requests are signed"):
        await router.__aenter__()


async def test_the_region_is_the_one_that_the_host_names():
    needs_extra("aws", "botocore")
    one = target("aws_sigv4", regions=["eu-central-1", "us-east-1"])
    regional = signed(
        "aws_sigv4", "https://bedrock-runtime.{region}.amazonaws.com/v1", regions=["eu-central-1", "us-east-1"]
    )
    for region in regional.regions:
        moved = _replace(one, regional, f"https://bedrock-runtime.{region}.amazonaws.com/v1")
        assert signers(moved).by_account["a"]._region == region
    elsewhere = _replace(one, regional, "https://bedrock-runtime.cn-north-1.amazonaws.com/v1")
    assert signers(elsewhere).by_account == {}  # and policy refuses it


def _replace(one, configuration, base_url):
    return dataclasses.replace(one, configuration=configuration, base_url=base_url)


async def test_a_key_that_is_none_of_a_service_account_is_an_error_when_the_router_opens():
    needs_extra("google", "google.auth")
    one = target("google")
    wrong = dataclasses.replace(one, credential=Sealed(f'{{"service_account":"{CANARY}"}}'))
    with pytest.raises(ConfigError, match="not the JSON key of a service account") as caught:
        signers(wrong)
    assert CANARY not in str(caught.value)


async def test_without_its_credential_an_account_has_no_signer_and_is_refused():
    absent = dataclasses.replace(target("ibm_iam"), credential=None)
    assert absent.lacks_credential
    assert signers(absent).by_account == {}


async def test_opening_a_router_contacts_nobody():
    async with Upstream() as server, made("ibm_iam", server.url):
        assert server.connections == 0
