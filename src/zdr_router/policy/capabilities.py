"""Which features of a request a target may not, or cannot, serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.registry.vocabulary import FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.target import Target
    from zdr_router.registry.facts import Capability

OPEN_EFFECTS: Final = frozenset({"inference", "router"})
"""What every configuration attests: computing the answer. Whatever keeps, shares, names or caches needs a permit."""

_GUARDED: Final = frozenset(name for name, feature in FEATURES.items() if feature.effect not in OPEN_EFFECTS)

NEEDS: Final[Mapping[str, Capability]] = {
    "streaming": "stream",
    "function_tools": "tools",
    "custom_tools": "tools",
    "tool_choice": "tools",
    "json_object": "json",
    "json_schema": "json",
    "inline_image": "images",
    "inline_audio": "audio",
    "inline_file": "files",
    "log_probabilities": "logprobs",
    "reasoning": "reasoning",
}
"""What a model must be declared to do; every other feature is taken to come with the endpoint."""


def closed_features(target: Target) -> frozenset[str]:
    """Features that the configuration does not permit.

    Where `store` is forced to false, an answer that would be stored by default is not.
    """
    closed = _GUARDED - target.rules.permit
    unstored = any(forced.path == ("store",) and forced.value is False for forced in target.rules.force)
    return closed - {"stored_by_default"} if unstored else closed


def lacking_features(target: Target) -> frozenset[str]:
    """Features whose capability the model is not declared to have."""
    able = target.declared.features if target.declared is not None else []
    return frozenset(feature for feature, capability in NEEDS.items() if capability not in able)
