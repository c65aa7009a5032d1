"""How the head of a request reads on the wire: what the guard let through, a fixed few lines, nothing else."""

from __future__ import annotations

import re
from typing import Final

METHODS: Final = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
"""Those whose answer has a body that its own head delimits, which is not so after HEAD or CONNECT."""

FIXED: Final = {
    "user-agent": "User-Agent: zdr-router",
    "accept": "Accept: */*",
    "accept-encoding": "Accept-Encoding: identity",
}
"""What is said where the request says nothing."""

FRAMING: Final = frozenset({"connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"})
"""What only the transport may say: where a request goes, where it ends, what becomes of its connection."""

# Lower case, so that no other spelling of a name passes by FRAMING.
_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_FORBIDDEN_IN_TARGET: Final = re.compile(r"[\x00-\x20\x7f]")


def opening(target: str, *lines: str) -> str:
    """What follows the method, for every request to one URL. Raises `ValueError` for what cannot be written."""
    if _FORBIDDEN_IN_TARGET.search(target):
        message = "the URL has a blank or a control character in it"
        raise ValueError(message)
    return "\r\n".join((f" {target} HTTP/1.1", *lines))


def render(method: str, opened: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The head of a request but for the size of its body. Raises `ValueError` for what cannot be written.

    The guard has read the same headers; what is checked again here is that none of them can start another line.
    """
    if method not in METHODS:
        message = "the method is not one that the transport knows"
        raise ValueError(message)
    lines = [method + opened]
    given = {name for name, _ in headers}
    lines += [line for name, line in FIXED.items() if name not in given]
    for name, value in headers:
        if name in FRAMING or _NAME.fullmatch(name) is None or not value.isprintable():
            message = "a header cannot be written"
            raise ValueError(message)
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "Content-Length: "]).encode()
