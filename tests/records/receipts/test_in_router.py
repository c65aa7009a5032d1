"""A router that an operator asked for receipts seals what it records, and no content with it."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
import upstream as up
from deployments import parts
from here import needs_extra
from upstream import Upstream

from zdr_router import AsyncRouter, RouterError
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.receipts.settings import ReceiptSettings
from zdr_router.records.receipts.trust import Trust
from zdr_router.records.receipts.verify import verify
from zdr_router.sealed import Sealed

needs_extra("receipts", "cryptography")

CANARY = "canary5d20"
SAYING = [{"role": "user", "content": CANARY}]
ECHO = {"x-request-id": CANARY, "x-error": CANARY}
OUTCRY = {"error": {"message": CANARY, "type": CANARY, "code": CANARY, "param": CANARY}}


@pytest.fixture
def key():
    return SigningKey.generate()


@pytest.fixture
def routed(tmp_path, key):
    def make(server):
        deployment = AsyncRouter(**parts(server, timeout="300ms")).deployment
        receipts = ReceiptSettings(tmp_path / "receipts", Sealed(key.pem()))
        return AsyncRouter.of(dataclasses.replace(deployment, receipts=receipts))

    return make


async def test_every_ending_has_a_receipt_and_no_content_is_in_any_file(tmp_path, routed, key):
    endings = [up.ok(CANARY, headers=ECHO), up.status(400, OUTCRY, headers=ECHO), up.status(500, OUTCRY), up.hang]
    for ending in endings:
        async with Upstream(otherwise=ending) as server, routed(server) as router:
            with contextlib.suppress(RouterError):
                await router.chat(model="chat", messages=SAYING, user=CANARY, customer="c-1")
            with contextlib.suppress(RouterError):
                await router.chat(model=CANARY, messages=SAYING, tools=[{"type": CANARY}])
    found = verify(tmp_path / "receipts", Trust.of([key.public]))
    assert found.problems == ()
    assert len(found.chain.batches) == len(endings)
    assert found.leaves >= len(endings)
    files = [path for path in (tmp_path / "receipts").rglob("*") if path.is_file()]
    assert files
    assert not any(CANARY.encode() in path.read_bytes() for path in files)
    # The look above sees something: what may be kept is in there.
    assert any(b'"customer":"c-1"' in path.read_bytes() for path in files)
