"""What an operator may set about connections; everything else about them is fixed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """Trust store, proxy and limits. Nothing of it is ever read from the environment.

    `ca_file` is a PEM bundle that replaces certifi's. `proxy` is an `http://` or `https://` URL, with its
    credentials if it wants any. `connect_timeout` is in seconds, for TCP and TLS to one address of a host.
    `max_response_bytes` counts bytes after decompression.
    """

    ca_file: str | None = None
    proxy: str | None = None
    max_connections: int = 512
    max_response_bytes: int = 64 * 1024 * 1024
    connect_timeout: float = 10.0
