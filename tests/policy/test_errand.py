"""What leaves without a clearance goes to https or loopback, and shows nothing of itself."""

from __future__ import annotations

import dataclasses

import pytest

from zdr_router.policy.errand import Errand
from zdr_router.sealed import Sealed

BODY = Sealed((b"apikey=s3cret",))


@pytest.mark.parametrize("url", ["https://iam.cloud.ibm.com/identity/token", "http://127.0.0.1:9/token"])
def test_an_errand_goes_to_its_endpoint(url):
    errand = Errand(url, BODY)
    assert (errand.method, errand.url) == ("POST", url)
    assert errand.headers.keys() == {"content-type", "accept", "user-agent"}


@pytest.mark.parametrize(
    "url",
    [
        "http://iam.cloud.ibm.com/identity/token",
        "https://a:b@iam.cloud.ibm.com/",
        "https://iam.cloud.ibm.com/token?x=1",
        "ftp://x/",
        "https://x/../y",
        "",
    ],
)
def test_an_endpoint_at_which_it_could_be_read_is_an_error(url):
    with pytest.raises(ValueError, match=r"host|URL"):
        Errand(url, BODY)


def test_an_errand_shows_no_secret_and_cannot_be_turned_elsewhere():
    errand = Errand("https://iam.cloud.ibm.com/identity/token", BODY)
    assert "s3cret" not in repr(errand)
    with pytest.raises(dataclasses.FrozenInstanceError):
        errand.url = "https://evil.example/"
    with pytest.raises(TypeError):
        errand.headers["x"] = "y"
