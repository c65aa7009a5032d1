"""What the answers of the kit's server show, so that they are answers of the configuration at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.conformance.contract.speech.base import Json
    from zdr_router.registry.conditions import Proof


def headers_of(proofs: Iterable[Proof]) -> dict[str, str]:
    """The headers that an answer has to show."""
    return {proof.header: proof.equals for proof in proofs if proof.header is not None and proof.equals is not None}


def show(body: Json, proofs: Iterable[Proof]) -> Json:
    """`body` with every member that it has to show."""
    for proof in proofs:
        if proof.body is not None:
            _put(body, proof.body.split("."), proof.one_of[0])
    return body


def _put(place: Any, steps: list[str], value: str) -> None:  # noqa: ANN401 - any JSON
    name, many = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    if len(steps) == 1:
        place[name] = [value] if many else value
        return
    inner = place.setdefault(name, [{}] if many else {})
    for each in inner if many else [inner]:
        _put(each, steps[1:], value)
