"""What can be asked of the gateway: one row for each path."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple


class Operation(NamedTuple):
    """One path. `name` is what records, keys and logs call it, `endpoint` what the router is asked for.

    `is_open`: no key is asked for.
    """

    name: str
    method: str
    endpoint: str = ""
    is_open: bool = False

    @property
    def takes_body(self) -> bool:
        """Whether a body comes with it."""
        return self.method == "POST"


OPERATIONS: Final = MappingProxyType(
    {
        "/v1/chat/completions": Operation("chat.completions", "POST", "chat.completions"),
        "/v1/responses": Operation("responses", "POST", "chat.completions"),
        "/v1/embeddings": Operation("embeddings", "POST", "embeddings"),
        "/v1/explain": Operation("explain", "POST"),
        "/v1/models": Operation("models", "GET"),
        "/v1/models/": Operation("models", "GET"),
        "/healthz": Operation("healthz", "GET", is_open=True),
        "/readyz": Operation("readyz", "GET", is_open=True),
        "/metrics": Operation("metrics", "GET", is_open=True),
        "/openapi.json": Operation("openapi", "GET", is_open=True),
    }
)
"""By path. What follows `/v1/models/` is the name of a route."""

WITHOUT_THE_API: Final = MappingProxyType(
    {path: each for path, each in OPERATIONS.items() if each.name in {"healthz", "readyz", "metrics"}}
)
"""What there is where another application serves alone."""
