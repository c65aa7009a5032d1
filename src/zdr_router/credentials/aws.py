"""AWS: every request is signed with the account's keys (Signature Version 4). Nothing is fetched.

botocore puts the request into its canonical form and signs. Its `add_auth` would do the same by its own clock, and
log what it signs, a session token included; so its steps are taken one by one. Importing this module imports botocore.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Final

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.metadata import Outcome
    from zdr_router.policy.signing import Unsigned
    from zdr_router.sealed import Sealed

SERVICE: Final = "bedrock"
_SIGNED: Final = ("accept", "content-type")


class AwsSigner:
    """Signs for one service in one region. `clock` gives seconds since the epoch."""

    def __init__(
        self, parts: Sealed[Mapping[str, str]], *, region: str, service: str | None, clock: Callable[[], float]
    ) -> None:
        """Nothing is signed yet."""
        self._parts = parts
        self._region = region
        self._service = service or SERVICE
        self._clock = clock

    def turned_down(self) -> None:
        """Nothing is kept: each request is signed anew."""

    async def sign(self, request: Unsigned, *, deadline: float) -> Mapping[str, str] | Outcome:  # noqa: ARG002
        """The signature over method, address, what is sent and wanted, and body, with what is needed to check it."""
        parts = self._parts.open()
        stamp = dt.datetime.fromtimestamp(self._clock(), dt.UTC).strftime(SIGV4_TIMESTAMP)
        digest = hashlib.sha256()
        for piece in request.body.open():
            digest.update(piece)
        added = {"x-amz-date": stamp, "x-amz-content-sha256": digest.hexdigest()}
        if "session_token" in parts:
            added["x-amz-security-token"] = parts["session_token"]
        signed = {**added, **{name: request.headers[name] for name in _SIGNED if name in request.headers}}
        asked = AWSRequest(method=request.method, url=request.url, headers=signed)
        asked.context["timestamp"] = stamp
        keys = ReadOnlyCredentials(parts["access_key_id"], parts["secret_access_key"], None)
        auth = SigV4Auth(keys, self._service, self._region)
        signature = auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked)
        names = auth.signed_headers(auth.headers_to_sign(asked))
        claim = f"Credential={auth.scope(asked)}, SignedHeaders={names}, Signature={signature}"
        return {**added, "authorization": f"AWS4-HMAC-SHA256 {claim}"}
