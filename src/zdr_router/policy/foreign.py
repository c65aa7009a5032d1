"""The guard's part for wire formats other than OpenAI's: address, headers and body, against the rows of the vocabulary.

A codec translates, so its result cannot be compared with the request member by member. What is compared is what it
uses: every member, block and tool is one that the format's table lists, and none is a feature that was not cleared.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from zdr_router.errors import InvalidRequest
from zdr_router.policy.readers import Reader, compiled
from zdr_router.registry.vocabulary import ENDPOINTS
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.registry.vocabulary.shapes import Object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.clearance import Clearance

_TRANSLATED: Final = frozenset(row.id for row in DIALECTS.values() if row.wire is not None)


def address_of(clearance: Clearance) -> str:
    """Where the cleared request goes, worked out from target and endpoint alone; "" where that is nowhere."""
    target, request = clearance.target, clearance.request
    dialect = DIALECTS.get(target.configuration.dialect)
    if dialect is None:
        return f"{target.base_url}{ENDPOINTS[request.endpoint].path}"
    path = dialect.path(request.endpoint, stream=request.requirements.stream, model=target.model)
    return "" if path is None else f"{target.base_url}{path}"


def is_header_of(clearance: Clearance, name: str, value: str) -> bool:
    """Whether every request in the target's dialect says this."""
    dialect = DIALECTS.get(clearance.target.configuration.dialect)
    return dialect is not None and dialect.headers.get(name) == value


def is_translated(clearance: Clearance) -> bool:
    """Whether the body that leaves is in a format of its own."""
    return clearance.target.configuration.dialect in _TRANSLATED


def translated_fault(body: Mapping[str, object], clearance: Clearance) -> str:
    """What is wrong with a body in the target's own format, in a fixed sentence, or ""."""
    return _named_fault(body, clearance) or _used_fault(body, clearance) or _voided_fault(body, clearance)


def _named_fault(body: Mapping[str, object], clearance: Clearance) -> str:
    """Model, stream and scope are those of target and request."""
    target = clearance.target
    dialect = DIALECTS[target.configuration.dialect]
    if dialect.model_at and body.get(dialect.model_at) != target.model:
        return "the model is not the one that was cleared"
    if "stream" in body and body["stream"] is not clearance.request.requirements.stream:
        return "`stream` is not what the request says"
    for member, word in dialect.scope.items():
        if body.get(member) != target.account.scope.get(word):
            return "the scope is not that of the account"
    return ""


def _used_fault(body: Mapping[str, object], clearance: Clearance) -> str:
    """Members, blocks and tools are those of the format, and none is a feature that was not cleared."""
    for forced in clearance.forced:  # what the configuration sets itself needs no table
        body = _without(body, forced.path)
    features: set[str] = set()
    unknown: list[str] = []
    try:
        _reader(clearance.target.configuration.dialect)(body, features, unknown)
    except InvalidRequest:
        return "the body is not what its format says"
    if unknown:
        return "the body has something in it that its format does not list"
    if not features <= clearance.request.requirements.features:
        return "the body uses a feature that was not cleared"
    return ""


@cache
def _reader(dialect: str) -> Reader:
    """Compiled when it is first asked for: most deployments speak one or two formats."""
    return compiled(DIALECTS[dialect].wire or Object({}), "body")


def _voided_fault(body: Mapping[str, object], clearance: Clearance) -> str:
    """What is forced is there, and nothing that voids is, in the words of the format."""
    for forced in clearance.forced:
        if not forced.holds(body):
            return f"the forced parameter {forced.name} is not set"
    for check in clearance.target.rules.checks:
        if check.fails(body):
            return f"the body {check.says}"
    return ""


def _without(body: Mapping[str, object], path: tuple[str, ...]) -> dict[str, object]:
    """`body` without what stands at `path`, or an object that then is empty; it is left as it was."""
    rest, inner = dict(body), body.get(path[0])
    if len(path) == 1:
        rest.pop(path[0], None)
    elif isinstance(inner, dict):
        rest[path[0]] = left = _without(inner, path[1:])
        if not left:
            del rest[path[0]]
    return rest
