"""What was in force, by digest: enough to say later what was claimed of a configuration when a request went there.

Each document is canonical JSON, and the SHA-256 over it is its name, so that nobody has to believe whoever kept it. A
registry is a list of digests; of what it declares, that part is kept which routes lead to.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import rfc8785

from zdr_router.registry.digest import content_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from zdr_router.policy.policy import Policy
    from zdr_router.registry import Registry


class Document(NamedTuple):
    """`content` is canonical JSON; `kind` is registry, provider, configuration or policy; `name` is its id, if any."""

    digest: str
    kind: str
    name: str
    content: bytes


def documents(registry: Registry, configurations: Iterable[str], policies: Iterable[Policy]) -> tuple[Document, ...]:
    """The registry, with those of its configurations and their providers, and the policies."""
    used = sorted(set(configurations))
    providers = sorted({registry.configurations[name].provider for name in used})
    found = [
        _document("registry", "", registry.listed),
        *(_declared("provider", name, registry.providers[name]) for name in providers),
        *(_declared("configuration", name, registry.configurations[name]) for name in used),
        *(_declared("policy", "", policy) for policy in policies),
    ]
    return tuple({each.digest: each for each in found}.values())


def _declared(kind: str, name: str, model: BaseModel) -> Document:
    return _document(kind, name, content_of(model))


def _document(kind: str, name: str, value: Any) -> Document:  # noqa: ANN401 - a JSON value
    content = rfc8785.dumps(value)
    return Document("sha256:" + hashlib.sha256(content).hexdigest(), kind, name, content)
