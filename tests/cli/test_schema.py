from __future__ import annotations

import json

import pytest

from zdr_router.cli.exits import Code
from zdr_router.conformance.json_schema import FILES, schema


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_is_printed(zdr, kind):
    assert json.loads(zdr("registry", "schema", kind).stdout) == schema(kind)


def test_another_kind_is_bad_usage(zdr):
    assert zdr("registry", "schema", "overlay").exit_code == Code.USAGE
