"""Microsoft Entra: the secret of an application buys a token.

Without msal and azure-identity, since it is one form: they would send it through HTTP clients of their own, to where a
discovery document or the environment says (docs/dependencies.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.credentials.oauth import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.policy.errand import Errand
    from zdr_router.sealed import Sealed

ENDPOINT: Final = "https://login.microsoftonline.com"
SCOPE: Final = "https://cognitiveservices.azure.com/.default"


def errands(parts: Sealed[Mapping[str, str]], scope: str | None, endpoint: str = ENDPOINT) -> Callable[[float], Errand]:
    """How a token is asked for."""

    def errand(_now: float) -> Errand:
        known = parts.open()
        return ask(
            f"{endpoint}/{known['tenant_id']}/oauth2/v2.0/token",
            grant_type="client_credentials",
            client_id=known["client_id"],
            client_secret=known["client_secret"],
            scope=scope or SCOPE,
        )

    return errand
