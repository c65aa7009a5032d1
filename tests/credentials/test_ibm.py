"""What IBM Cloud is asked."""

from __future__ import annotations

from urllib.parse import parse_qs

from signed import CANARY

from zdr_router.credentials.ibm import errands
from zdr_router.sealed import Sealed


def test_a_key_is_shown_to_iam_alone():
    errand = errands(Sealed(CANARY))(0.0)
    assert errand.url == "https://iam.cloud.ibm.com/identity/token"
    assert parse_qs(errand.body.open()[0].decode()) == {
        "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"],
        "apikey": [CANARY],
    }
    assert CANARY not in repr(errand)
