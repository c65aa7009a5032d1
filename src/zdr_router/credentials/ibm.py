"""IBM Cloud: an API key buys a token of an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.credentials.oauth import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.policy.errand import Errand
    from zdr_router.sealed import Sealed

ENDPOINT: Final = "https://iam.cloud.ibm.com/identity/token"
_GRANT: Final = "urn:ibm:params:oauth:grant-type:apikey"


def errands(api_key: Sealed[str], endpoint: str = ENDPOINT) -> Callable[[float], Errand]:
    """How a token is asked for."""
    return lambda _now: ask(endpoint, grant_type=_GRANT, apikey=api_key.open())
