"""What may leave without a clearance: a request for a token, made of a credential alone."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from zdr_router.registry.hosts import check_base_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.sealed import Sealed


@dataclass(frozen=True, slots=True)
class Errand:
    """A form on its way to a token endpoint. Only `credentials/` makes one, where no request of a caller is at hand.

    Raises `ValueError` unless the endpoint is https, or on loopback.
    """

    method: ClassVar[str] = "POST"
    headers: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", "user-agent": "zdr-router"}
    )

    once: ClassVar[bool] = False

    url: str
    body: Sealed[tuple[bytes | memoryview, ...]]

    def __post_init__(self) -> None:
        """Refuse an endpoint at which a credential could be read on the way."""
        if fault := check_base_url(self.url, private_network=False):
            raise ValueError(fault)
