"""Stores of records for tests, and what is recorded in them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from test_errors import metadata  # noqa: E402 - it stands after what may be missing

from zdr_router.metadata import AttemptRecord, ErrorCode, Metadata, Outcome, Refusal  # noqa: E402 - as above
from zdr_router.policy.calendar import DAY  # noqa: E402 - as above
from zdr_router.records.store.database import Database  # noqa: E402 - as above
from zdr_router.records.store.reading import Wanted, records  # noqa: E402 - as above
from zdr_router.records.store.settings import StoreSettings  # noqa: E402 - as above
from zdr_router.records.store.store import MetadataStore  # noqa: E402 - as above
from zdr_router.sealed import Sealed  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z
SALT = "a salt for tests"
DIGEST = "sha256:" + "c" * 64
DIGESTS = {"policy_digest": "sha256:" + "a" * 64, "registry_digest": "sha256:" + "b" * 64}
KNOWN = ("chat", "acme", "globex", "a/m", "b/m", "m", "acme/zdr", "other/zdr")


def settings(place: Any, **members: Any) -> StoreSettings:
    return StoreSettings(place, Sealed(SALT), **members)


def attempt(outcome: Outcome = Outcome.OK, **members: Any) -> AttemptRecord:
    said = {"target": "a/m", "configuration": "acme/zdr", "sent": "maybe", "http_status": 200}
    return AttemptRecord(
        **{"outcome": outcome, "started_ms": 0.0, "duration_ms": 2.5, "attestation": DIGEST, **said, **members}
    )


def record(customer: str | None = "c-1", at: float = NOON, **members: Any) -> Metadata:
    """A request that was answered, with the changes that a test is about."""
    return metadata((attempt(),), ())._replace(
        **{
            "request_id": os.urandom(12).hex(),
            "time": at,
            "tenant": "acme",
            "customer": customer,
            "key": "k-1",
            "status": 200,
            "error_code": None,
            "target": "a/m",
            "configuration": "acme/zdr",
            "model": "m",
            "attestation": DIGEST,
            "input_tokens": 10,
            "output_tokens": 20,
            "price": 0.25,
            **DIGESTS,
            **members,
        }
    )


def failed(customer: str = "c-1", at: float = NOON, **members: Any) -> Metadata:
    """A request that no target answered, and that one could not serve."""
    nothing = dict.fromkeys(
        ("target", "configuration", "model", "attestation", "input_tokens", "output_tokens", "price")
    )
    said: dict[str, Any] = {
        "attempts": (
            attempt(Outcome.TIMEOUT, http_status=None),
            attempt(Outcome.UNREACHABLE, sent="no", target="b/m"),
        ),
        "refusals": (Refusal("ZDR201", "b/m", "other/zdr", "a sentence", "a fix"),),
        "status": 502,
        "error_code": ErrorCode.EXHAUSTED,
    }
    return record(customer, at, **{**nothing, **said, **members})


def store(place: Any, *, clock: Any = lambda: NOON, **members: Any) -> MetadataStore:
    made = MetadataStore(settings(place, **members), clock=clock)
    made.learn(KNOWN, ())
    return made


async def keep(place: Any, some: Iterable[Metadata], **members: Any) -> None:
    """Have a store take them in, and close it."""
    async with store(place, **members) as made:
        for each in some:
            made.record(each)


@contextlib.asynccontextmanager
async def database(place: Any, **members: Any) -> AsyncIterator[Database]:
    made = Database(settings(place, **members))
    try:
        await made.open()
        yield made
    finally:
        await made.close()


async def kept(place: Any, **wanted: Any) -> list[dict[str, Any]]:
    """Everything that is in there, or what is wanted of it."""
    async with database(place) as opened:
        return [each async for each in records(opened, Wanted(**wanted))]


def days(count: float) -> float:
    return count * DAY
