"""What an application beside the gateway says of a request, so that it is logged, counted and ended as the rest is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from zdr_router.metadata import Metadata

_STATE: Final = "zdr_router.beside"


@dataclass(slots=True)
class Said:
    """What it was (`mcp.ask`: words of ours), whose key, and the record, once there is one.

    `last_words` is what is sent where a stream has to be ended before its answer is there. It may hold an id of the
    caller's, so its `repr` leaves it out.
    """

    operation: str
    key: str | None = None
    metadata: Metadata | None = None
    last_words: bytes = field(default=b"", repr=False)


def expect(scope: MutableMapping[str, Any], operation: str) -> Said:
    """Wait for what will be said of the request of `scope`, which is `operation` until then."""
    scope["state"] = {**scope.get("state", {}), _STATE: (said := Said(operation))}
    return said


def of(scope: MutableMapping[str, Any]) -> Said:
    """Where to say it; nowhere, if nobody waits."""
    found = scope.get("state", {}).get(_STATE)
    return found if isinstance(found, Said) else Said("unknown")
