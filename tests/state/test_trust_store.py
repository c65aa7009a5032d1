from __future__ import annotations

import time

import pytest

from zdr_router.state.settings import RedisSettings, StateSettings
from zdr_router.state.trust import MemoryTrust
from zdr_router.state.trust_file import FileTrust
from zdr_router.state.trust_redis import RedisTrust
from zdr_router.state.trust_store import trust_store


@pytest.mark.parametrize("kind", [MemoryTrust, FileTrust, RedisTrust])
def test_the_settings_say_where_trust_is_kept(kind, tmp_path):
    where = {MemoryTrust: None, FileTrust: tmp_path / "trust.json", RedisTrust: RedisSettings("redis://127.0.0.1")}
    assert type(trust_store(StateSettings(trust=where[kind]), time.time)) is kind


async def test_nothing_stands_in_for_a_store_that_cannot_be_read(tmp_path):
    for where in (tmp_path / "trust.json", RedisSettings("redis://127.0.0.1")):
        assert trust_store(StateSettings(trust=where), time.time).read() is None
