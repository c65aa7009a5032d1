"""Routers with trust pages: one about which a statement can be made, and one with a target that may serve nobody."""

from __future__ import annotations

import pytest
from deployments import grant, one_authority, shipped

from zdr_router import Account, AsyncRouter, Policy, RouteEntry
from zdr_router.hosts import page

ACCOUNTS = ("secret-account-1", "secret-account-2")


@pytest.fixture
def counts():
    return page.RefusalCounts()


@pytest.fixture
def made(counts):
    def build(url="http://127.0.0.1:9/v1", *, second="fireworks/open-models", model="llama-v3p3-70b-instruct"):
        own, other = ACCOUNTS
        return AsyncRouter(
            registry=shipped(),
            transport=one_authority(),
            policy=Policy(
                minimum_grade="documented",
                cache="host_memory",
                cache_isolation="none",
                tolerate=["abuse_flag", "legal_hold"],
                human_review_within_exceptions=True,
            ),
            accounts={
                own: Account(configuration="llama-cpp/self-operated", base_url=url, grant=grant()),
                other: Account(configuration=second, api_key={"env": "KEY"}),
            },
            routes={"chat": RouteEntry(targets=[f"{own}/m", f"{other}/accounts/fireworks/models/{model}"], retries=0)},
            recorders=[counts],
            environ={"KEY": "k" * 20},
        )

    return build
