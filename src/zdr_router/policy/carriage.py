"""What a request uses that a target's wire format cannot carry: refused before it is encoded, never dropped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from zdr_router.errors import InvalidRequest
from zdr_router.policy.readers import Reader, compiled
from zdr_router.registry.vocabulary.dialects import DIALECTS, Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.findings import Findings
    from zdr_router.policy.request import Request
    from zdr_router.policy.target import Target

_REMOTE: Final = frozenset({"remote_image", "remote_audio", "remote_file", "remote_video"})


@cache
def _readers(dialect: str, endpoint: str) -> Mapping[str, Reader] | None:
    """By parameter; None where the dialect has no such endpoint. Compiled when they are first asked for."""
    shape = DIALECTS[dialect].carries.get(endpoint)
    return None if shape is None else {name: compiled(inner, name) for name, inner in shape.keys.items()}


def looks_inside(target: Target) -> bool:
    """Whether what a request says, and not only what it uses, decides whether it can be carried."""
    return target.configuration.dialect in DIALECTS


def judge_carriage(findings: Findings, target: Target, request: Request) -> None:
    """Note what of `request` the dialect of `target` cannot carry, and what the dialect needs that is not there."""
    dialect = DIALECTS.get(target.configuration.dialect)
    if dialect is None:
        return
    readers = _readers(dialect.id, request.endpoint)
    if readers is None or dialect.path(request.endpoint, stream=False, model=target.model) is None:
        sentence = f"{dialect.id} has no {request.endpoint} for this model"
        findings.add("ZDR607", sentence, "use a configuration that speaks openai", fact="dialect")
        return
    _scope(findings, target, dialect)
    if dialect.wire is not None and not request.requirements.features.isdisjoint(_REMOTE):
        sentence = f"{dialect.id} cannot carry media by address"
        findings.add("ZDR607", sentence, "send the media itself, as a data: URL", fact="dialect")
    for place in _uncarried(readers, request.content.open().values()):
        sentence = f"{dialect.id} cannot carry what the request has at {place}"
        findings.add(
            "ZDR607", sentence, f"leave {place} out, or use a configuration that speaks openai", fact="dialect"
        )


def _uncarried(readers: Mapping[str, Reader], body: Mapping[str, object]) -> list[str]:
    """Places that are known to the vocabulary and not to the format; what neither knows is refused elsewhere."""
    features: set[str] = set()
    places: list[str] = []
    for name, value in body.items():
        try:
            readers[name](value, features, places)
        except InvalidRequest as error:
            # A form that the vocabulary takes here and the format does not: the request itself was read before.
            places.append(error.param or name)
    return places


def _scope(findings: Findings, target: Target, dialect: Dialect) -> None:
    for word in dialect.scope.values():
        if word not in target.account.scope:
            sentence = f"{dialect.id} sends the account's {word}, and the account names none"
            findings.add("ZDR607", sentence, f"set `scope: {{{word}: …}}` on the account")
