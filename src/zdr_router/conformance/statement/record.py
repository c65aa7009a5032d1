"""What the library itself keeps of a request, said field by field of its closed record."""

from __future__ import annotations

from typing import Final

RECORDED: Final = {
    "an identifier of the request": ("request_id", "schema"),
    "when it came and how long it took": ("time", "duration_ms", "first_chunk_ms"),
    "which of our services and customers it belongs to": ("endpoint", "route", "stream", "tenant", "customer", "key"),
    "where it was sent and why not elsewhere": ("target", "configuration", "model", "attempts", "refusals"),
    "which statements and policy it was sent under": ("attestation", "policy_digest", "registry_digest", "unsafe"),
    "how it ended": ("status", "error_code"),
    "that a limit was met, or that it looked like an attack or misuse": ("signals",),
    "how many tokens it had and what it cost": ("input_tokens", "output_tokens", "cached_tokens", "price"),
}
"""Words for customers, each with the fields of `Metadata` that it stands for."""
