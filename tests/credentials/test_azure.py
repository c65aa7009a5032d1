"""What Microsoft Entra is asked."""

from __future__ import annotations

from urllib.parse import parse_qs

from signed import APPLICATION, CANARY, TENANT

from zdr_router.credentials.azure import errands
from zdr_router.sealed import Sealed

PARTS = Sealed({"tenant_id": TENANT, "client_id": APPLICATION, "client_secret": CANARY})


def test_an_application_shows_its_secret_to_its_tenant_alone():
    errand = errands(PARTS, None)(0.0)
    assert errand.url == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert parse_qs(errand.body.open()[0].decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": [APPLICATION],
        "client_secret": [CANARY],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }
    assert CANARY not in repr(errand)


def test_the_scope_is_that_of_the_configuration():
    form = parse_qs(errands(PARTS, "https://ai.azure.com/.default")(0.0).body.open()[0].decode())
    assert form["scope"] == ["https://ai.azure.com/.default"]
