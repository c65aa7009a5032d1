"""Who signs for which account: made when a router opens, so that what is missing is said then and not at a request."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.credentials import azure, ibm
from zdr_router.credentials.tokens import TokenSigner
from zdr_router.errors import ConfigError, Problem
from zdr_router.policy.accounts import attested_host
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.registry.hosts import REGION
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, Self

    from zdr_router.credentials.base import Fetch, Signer
    from zdr_router.policy.errand import Errand
    from zdr_router.policy.target import Target

EXTRAS: Final[Mapping[str, tuple[str, str]]] = {"aws_sigv4": ("botocore", "aws"), "google": ("google-auth", "google")}
"""The library and the extra that a way to authenticate needs."""

NOWHERE_ELSE: Final[Mapping[str, str]] = MappingProxyType({})


class Signers:
    """The signers of the accounts whose requests are signed, by the name of the account.

    `async with` ends what they are fetching. `endpoints` puts another token endpoint in the place of one, by the way to
    authenticate; it is there for tests.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        fetch: Fetch,
        clock: Callable[[], float],
        *,
        endpoints: Mapping[str, str] = NOWHERE_ELSE,
    ) -> None:
        """Make every signer. Raises `ConfigError`, all faults at once."""
        self._fetch = fetch
        self._clock = clock
        self._endpoints = endpoints
        self._made: dict[str, Signer] = {}
        self._tokens: list[TokenSigner] = []
        problems: dict[str, Problem] = {}
        for target in targets:
            # Without a credential, or elsewhere than attested, policy refuses it (ZDR309, ZDR701).
            if target.auth not in SIGNED_HEADERS or target.credential is None or _somewhere(target) is None:
                continue
            if target.account_name in self._made:
                continue
            try:
                self._made[target.account_name] = self._make(target, target.credential)
            except ImportError:
                problems[target.account_name] = _not_installed(target)
            except ValueError as error:
                problems[target.account_name] = _problem(target, str(error), "mend the account, or its configuration")
        if problems:
            raise ConfigError(list(problems.values()))

    @property
    def by_account(self) -> Mapping[str, Signer]:
        """Who signs for which account."""
        return self._made

    async def __aenter__(self) -> Self:
        """Nothing is fetched before it is needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what is being fetched."""
        for signer in self._tokens:
            await signer.close()

    def _make(self, target: Target, credential: Sealed[str]) -> Signer:
        """Libraries are loaded here, when an account needs them. Raises `ImportError` and `ValueError`."""
        audience = target.configuration.credentials.audience
        if target.auth == "ibm_iam":
            return self._fetching(ibm.errands(credential, self._endpoints.get("ibm_iam", ibm.ENDPOINT)))
        parts: Sealed[Any] = Sealed(orjson.loads(credential.open()))
        if target.auth == "azure_ad":
            endpoint = self._endpoints.get("azure_ad", azure.ENDPOINT)
            return self._fetching(azure.errands(parts, audience, endpoint))
        if target.auth == "google":
            from zdr_router.credentials.google import ENDPOINT, errands  # noqa: PLC0415

            return self._fetching(errands(parts, audience, self._endpoints.get("google", ENDPOINT)))
        from zdr_router.credentials.aws import AwsSigner  # noqa: PLC0415

        return AwsSigner(parts, region=_region(target), service=audience, clock=self._clock)

    def _fetching(self, errand: Callable[[float], Errand]) -> TokenSigner:
        signer = TokenSigner(errand, self._fetch, self._clock)
        self._tokens.append(signer)
        return signer


def _somewhere(target: Target) -> Mapping[str, str] | None:
    """What the placeholders of the target's host stand for; None where it has no host that is attested."""
    if not target.configuration.hosts:
        return {} if target.base_url else None
    return attested_host(target.configuration, target.base_url)


def _region(target: Target) -> str:
    """The region that a signature is for: the one that the host names, or the only one there is."""
    named, regions = (_somewhere(target) or {}).get(REGION), target.configuration.regions
    if named is None and len(regions) != 1:
        message = "nobody says for which region its requests are signed"
        raise ValueError(message)
    return named or regions[0]


def _not_installed(target: Target) -> Problem:
    library, extra = EXTRAS[target.auth]
    what = f"its requests are signed with {library}, which is not installed"
    return _problem(target, what, f'install it with the extra: "zdr-router[{extra}]"')


def _problem(target: Target, what: str, fix: str) -> Problem:
    return Problem(f"account {target.account_name}: {what}", file=target.account_source, fix=fix)
