"""Google Cloud: a statement signed with the key of a service account buys a token of an hour.

google-auth reads the key and signs. The rest of it is left out: its clients look for proxies and credentials on the
machine, and repeat what fails. Importing this module imports google-auth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.auth import jwt
from google.auth.crypt import RSASigner

from zdr_router.credentials.oauth import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.policy.errand import Errand
    from zdr_router.sealed import Sealed

ENDPOINT: Final = "https://oauth2.googleapis.com/token"
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME: Final = 3600


def errands(
    parts: Sealed[Mapping[str, object]], scope: str | None, endpoint: str = ENDPOINT
) -> Callable[[float], Errand]:
    """How a token is asked for. Raises `ValueError`, which says nothing of it, for what is no service account's key."""
    key = parts.open()["service_account"]
    signer, email = _signer(key)
    if signer is None:
        message = "its `service_account` is not the JSON key of a service account of Google Cloud"
        raise ValueError(message)

    def errand(now: float) -> Errand:
        issued = int(now)
        # The statement names Google's endpoint, wherever it is handed in.
        claims = {"iss": email, "scope": scope or SCOPE, "aud": ENDPOINT, "iat": issued, "exp": issued + _LIFETIME}
        return ask(endpoint, grant_type=_GRANT, assertion=jwt.encode(signer, claims).decode())

    return errand


def _signer(key: object) -> tuple[RSASigner | None, str]:
    """The key as it signs, and whose it is; nothing for another kind of key, or for another cloud's."""
    if not isinstance(key, dict) or key.get("type") != "service_account":
        return None, ""
    if key.get("token_uri", ENDPOINT) != ENDPOINT or not isinstance(key.get("client_email"), str):
        return None, ""
    try:
        return RSASigner.from_service_account_info(key), key["client_email"]
    except Exception:  # noqa: BLE001 - whatever a parser of keys says may quote the key
        return None, ""
