from __future__ import annotations

import json

import pytest

from zdr_router.conformance.clearable import explained
from zdr_router.conformance.subject import Subject


@pytest.fixture
def explanations(registry, operator, tmp_path):
    def run(environ):
        registry()
        path = tmp_path / "zdr.yaml"
        path.write_text(json.dumps(operator), encoding="utf-8")
        return dict(explained(Subject.of_operator(path, now=1798761600.0, environ=environ)))

    return run


def test_a_key_that_is_not_here_is_taken_to_be_the_one_that_the_grant_names(explanations, operator):
    assert explanations({})["assistant"][0].planned
    assert not explanations({"EXAMPLE_KEY": "another"})["assistant"][0].planned
    del operator["accounts"]["main"]["grant"]["credential"]
    refusals = explanations({})["assistant"][0].refusals
    assert [refusal.id for refusal in refusals] == ["ZDR305"]


def test_an_account_that_names_no_key_is_given_none(explanations, operator):
    del operator["accounts"]["main"]["api_key"]
    assert "ZDR309" in [refusal.id for refusal in explanations({})["assistant"][0].refusals]


def test_every_tenant_is_asked_about(explanations, operator):
    operator["tenants"] = {"acme": {"accounts": ["main"]}, "globex": {}}
    assert [bool(each.planned) for each in explanations({})["assistant"]] == [False, True, False]


def test_embeddings_are_asked_about_where_they_are_covered(explanations, configuration):
    configuration["endpoints"] = ["embeddings"]
    assert [bool(each.planned) for each in explanations({})["assistant"]] == [False, True]


def test_a_registry_alone_has_no_routes(registry):
    assert list(explained(Subject.of_registry([registry()]))) == []
