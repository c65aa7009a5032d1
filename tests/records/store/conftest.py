"""Each test of the store is run on both databases."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def postgres():
    from postgres_here import some_postgres  # noqa: PLC0415 - only where it is asked for

    with some_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where records are kept: a file of a test's own, or a schema of its own."""
    if request.param == "sqlite":
        yield tmp_path / "records.db"
        return
    from postgres_here import some_namespace  # noqa: PLC0415 - as above

    with some_namespace(request.getfixturevalue("postgres")) as namespace:
        yield namespace
