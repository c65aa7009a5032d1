"""The registry and its attestations as resources: what is declared, with evidence and dates, and no file names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from zdr_router.registry import Configuration, Registry

REGISTRY: Final = "zdr://registry"
ATTESTATION: Final = "zdr://attestation/{digest}"
_ATTESTATION: Final = re.compile(r"zdr://attestation/(sha256:[0-9a-f]{64})")


def is_ours(uri: str, registry: Registry) -> bool:
    """Whether there is something to read at `uri`."""
    found = _ATTESTATION.fullmatch(uri)
    return uri == REGISTRY or (found is not None and found[1] in registry.digests.values())


def whole(registry: Registry) -> str:
    """Every configuration in short, as JSON."""
    return _json(
        {
            "digest": registry.digest,
            "configurations": [_brief(registry, each) for each in registry.configurations.values()],
        }
    )


def attestation(registry: Registry, digest: str) -> str:
    """Everything that is declared of the configuration with this digest, as JSON. Raises `LookupError`."""
    for name, known in registry.digests.items():
        if known == digest:
            configuration = registry.configurations[name]
            declared = configuration.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            if configuration.private_network:
                del declared["hosts"]  # where the operator's own machines are is nobody's business
            provider = registry.providers[configuration.provider].model_dump(mode="json", exclude_none=True)
            return _json({**_brief(registry, configuration), "provider": provider, "declared": declared})
    raise LookupError


def _brief(registry: Registry, configuration: Configuration) -> dict[str, Any]:
    said = configuration.attestation
    digest = registry.digests[configuration.id]
    return {
        "configuration": configuration.id,
        "title": configuration.title,
        "mechanism": configuration.mechanism.kind,
        "flags": configuration.flags.model_dump(),
        "cache": configuration.cache.medium,
        "grade": said.grade,
        "observed": said.observed,
        "expires": said.expires,
        "attestation": digest,
        "uri": ATTESTATION.format(digest=digest),
    }


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
