"""The ordered words of the registry: how strong a basis is, and how durable a cache."""

from __future__ import annotations

from typing import Final, Literal

Grade = Literal["claimed", "documented", "contracted", "verified", "enclave"]
"""How strong the basis of a fact is, weakest first.

claimed: in somebody else's list. documented: on the provider's own published page. contracted: an agreement or
setting that the operator states for an account. verified: read from the provider's control plane with the
credential in use. enclave: hardware evidence, checked and bound to the channel. The last two have no source yet.
"""

Medium = Literal["none", "gpu_memory", "host_memory", "local_encrypted", "disk", "unknown"]
"""Where a provider caches what was derived from a prompt, least durable first."""

GRADES: Final[dict[Grade, int]] = {"claimed": 0, "documented": 1, "contracted": 2, "verified": 3, "enclave": 4}
MEDIA: Final[dict[Medium, int]] = {
    "none": 0,
    "gpu_memory": 1,
    "host_memory": 2,
    "local_encrypted": 3,
    "disk": 4,
    "unknown": 5,
}

FLAGS: Final = (
    "stores_prompts",
    "stores_outputs",
    "logs_content",
    "trains_on_content",
    "human_review",
    "shares_or_sells",
)
"""The attested facts of a configuration, each yes, no or unknown; only "no" passes."""
