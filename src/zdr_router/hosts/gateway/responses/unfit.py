"""What ends the reading of a request for a response: a `Fault`, on its way up."""

from __future__ import annotations

from typing import Any, Final

from zdr_router.hosts.gateway.faults import Fault
from zdr_router.metadata import ErrorCode, Signal

_KINDS: Final[dict[type, str]] = {dict: "an object", list: "a list", str: "a string"}


class Unfit(Exception):
    """The request cannot be a chat. It never leaves the reading: its traceback holds the request."""

    def __init__(self, fault: Fault) -> None:
        """`fault` is what the caller is told."""
        self.fault = fault
        super().__init__(fault.message)


def refuse(param: str, why: str) -> Unfit:
    """403: it would keep something, or nobody knows whether it would."""
    message = f"{param} is refused: {why}"
    headers = {"x-should-retry": "false"}
    return Unfit(Fault(403, ErrorCode.REFUSED, message, "zdr_refused", param, headers=headers))


def unfit(param: str, message: str) -> Unfit:
    """400: it cannot be read, or a chat has no words for it."""
    return Unfit(Fault(400, ErrorCode.INVALID_REQUEST, message, param=param, signals=(Signal.MALFORMED,)))


def needs(body: dict[str, Any], name: str, kind: type, place: str | None = None) -> Any:  # noqa: ANN401 - JSON
    """The member `name`, of this kind or absent. Raises `Unfit` for another."""
    value = body.get(name)
    if value is not None and type(value) is not kind:
        raise unfit(place or name, f"{place or name} must be {_KINDS[kind]}")
    return value
