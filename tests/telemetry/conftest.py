"""OpenTelemetry's own SDK, which keeps in memory what it is told."""

from __future__ import annotations

import pytest
from here import needs
from telemetry_told import Told

needs("opentelemetry.sdk.trace", fix="pip install --group test")


@pytest.fixture
def told():
    """What OpenTelemetry was told, and an `OtelRecorder` that tells it."""
    each = Told()
    yield each
    each.close()
