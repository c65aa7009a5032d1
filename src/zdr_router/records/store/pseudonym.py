"""What stands for a customer in the incident index, where names would be kept for too long."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zdr_router.sealed import Sealed

_LATELY = 65_536


class Pseudonyms:
    """Keyed hashes of customers. Who holds the salt can tell which of the customers that they know one stands for."""

    def __init__(self, salt: Sealed[str]) -> None:
        """`salt` is the operator's."""
        self._key = hashlib.blake2b(salt.open().encode(), person=b"incident salt", digest_size=32).digest()
        self.of = lru_cache(_LATELY)(self._of)

    def _of(self, tenant: str | None, customer: str | None) -> str:
        """32 hexadecimal digits; another one for the same customer of another tenant."""
        about = orjson.dumps([tenant, customer])  # as JSON, so that no two of them read the same
        return hashlib.blake2b(about, key=self._key, digest_size=16, person=b"incident index").hexdigest()

    def resolve(
        self, tenants: Iterable[str | None], customers: Iterable[str | None]
    ) -> Mapping[str, tuple[str | None, str | None]]:
        """Tenant and customer by pseudonym, for each pair of those that are given."""
        everybody = list(customers)
        return {self._of(tenant, customer): (tenant, customer) for tenant in tenants for customer in everybody}
