"""Where secrets are read from, and which of them make the credential of each way to authenticate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import Declared, Text, one_said

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws_sigv4": ("access_key_id", "secret_access_key"),
    "google": ("service_account",),
    "azure_ad": ("tenant_id", "client_id", "client_secret"),
}
"""What a credential consists of, by the way to authenticate; for every other way it is one key."""

_MAY_COME_ALONG: Final = {"aws_sigv4": frozenset({"session_token"})}
_WRITTEN: Final = {
    "aws_sigv4": "access_key_id: {env: NAME}, secret_access_key: {env: NAME}",
    "google": "service_account: {file: PATH}",
    "azure_ad": "tenant_id: ID, client_id: ID, client_secret: {env: NAME}",
}

EntraName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,126}$")]
"""The id of a tenant or application: a GUID, or for a tenant also its domain."""


class SecretSource(Declared):
    """Where a secret is read from: an environment variable or a file. It is never written down."""

    model_config = ConfigDict(json_schema_extra=one_said("env", "file"))

    env: Text | None = None
    file: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_literal(cls, value: object) -> object:
        if isinstance(value, str):
            kind, message = "secret", "a key is never written in a file: give {env: NAME} or {file: PATH}"
            raise PydanticCustomError(kind, message)
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            kind, message = "secret", "a secret is {env: NAME} or {file: PATH}"
            raise PydanticCustomError(kind, message)
        return self

    @property
    def provide(self) -> str:
        """What to do so that it is there."""
        return f"set the environment variable {self.env}" if self.env else f"provide the file {self.file}"


class CredentialParts(Declared):
    """A credential that is more than one key: AWS keys, a Google service account, or an Entra application.

    `service_account` is the JSON key of the account. What is no secret (`tenant_id`, `client_id`) is written as it is.
    """

    access_key_id: SecretSource | None = None
    secret_access_key: SecretSource | None = None
    session_token: SecretSource | None = None
    service_account: SecretSource | None = None
    tenant_id: EntraName | None = None
    client_id: EntraName | None = None
    client_secret: SecretSource | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not any(self.made_for(auth) for auth in PARTS):
            kind, message = "credentials", "credentials are one of {kinds}"
            kinds = ", or ".join(f"{{{written}}}" for written in _WRITTEN.values())
            raise PydanticCustomError(kind, message, {"kinds": kinds})
        return self

    def made_for(self, auth: str) -> bool:
        """Whether these are the parts that a way to authenticate takes, all of them and no other."""
        given = {name for name, part in self if part is not None}
        return given - _MAY_COME_ALONG.get(auth, frozenset()) == set(PARTS.get(auth, ()))

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        """Where its secrets are."""
        return tuple(part for _, part in self if isinstance(part, SecretSource))


def how_to_give(auth: str, env: str | None = None) -> str:
    """How an account is given the credential of a way to authenticate."""
    if auth == "none":
        return "leave it out: no credential is asked for"
    if auth in PARTS:
        return f"give the account `credentials: {{{_WRITTEN[auth]}}}`"
    return f"give the account `api_key: {{env: {env}}}`" if env else "give the account an `api_key`"
