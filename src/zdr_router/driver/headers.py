"""What every request to a target says in its head, whatever it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.registry.configuration import AUTH_HEADERS

if TYPE_CHECKING:
    from zdr_router.policy.target import Target


def headers_for(target: Target, accept: str) -> dict[str, str]:
    """Of a JSON body, with the credential of the account where it is sent as it is."""
    headers = {"content-type": "application/json", "accept": accept, "user-agent": "zdr-router"}
    auth = AUTH_HEADERS.get(target.auth)
    if auth is not None and target.credential is not None:
        secret = target.credential.open()
        headers[auth] = f"Bearer {secret}" if auth == "authorization" else secret
    return headers
