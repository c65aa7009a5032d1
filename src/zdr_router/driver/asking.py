"""What somebody asks: the request itself, and under whose name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.metadata import Metadata, Signal
    from zdr_router.policy.policy import Policy

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class Ask(NamedTuple):
    """What a caller of the library gives: a sealed body, and under whose name and demands it runs.

    `left` is told of the record of a whole answer whose asker was cancelled, because nobody else is there to be told.
    """

    endpoint: str
    body: Sealed[Mapping[str, object]]
    stream: bool
    tenant: str | None
    customer: str | None
    policy: Policy | None
    timeout: float | None
    key: str | None = None
    signals: tuple[Signal, ...] = ()
    left: Callable[[Metadata], None] | None = None

    def __repr__(self) -> str:
        """Without tenant, customer and key, which are not known to be names before they are read."""
        return f"<ask {self.endpoint}, {self.body}>"


def valid_name(name: str) -> bool:
    """Whether it can be the id of a customer or key."""
    return _NAME.fullmatch(name) is not None


def ask_of(  # noqa: PLR0913, PLR0917 - what a caller gives, in one place
    endpoint: str,
    body: dict[str, Any],
    tenant: str | None,
    customer: str | None,
    policy: Policy | None,
    timeout: float | None,
    key: str | None,
    signals: tuple[Signal, ...],
) -> Ask:
    """The call with its body sealed. JSON has lists only, so a tuple of messages or inputs is taken as one."""
    for name in ("messages", "input"):
        if isinstance(body.get(name), tuple):
            body[name] = list(body[name])
    stream = body.get("stream") is True
    return Ask(endpoint, Sealed(body), stream, tenant, customer, policy, timeout, key, signals)
