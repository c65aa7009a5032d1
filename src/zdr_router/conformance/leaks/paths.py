"""Which paths are driven: what is asked, what the provider does, and how the caller ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Asked = Literal["chat", "embed", "refused", "invalid", "stray", "garbage", "beside"]
Route = Literal["usual", "spare", "dead", "impatient", "closed"]
Leaving = Literal["", "cancel", "leave", "close"]


@dataclass(frozen=True, slots=True)
class Path:
    """One way that a request can take.

    `asked`: a sound request for a chat or for vectors, or one that is refused by policy, that has a wrong part, a
    part nobody knows, or no JSON, or something beside requests for a chat: what the name says. `route`: the usual one,
    one with a spare target, one where nobody listens, one that waits a second, one that clears nobody. `leaving`: the
    caller goes away once the provider has the request, or after the first content, or the subject is shut down
    meanwhile. `works`: the caller must get an answer. `reaches`: the provider must get the request.
    """

    name: str
    behaviour: str = "answer"
    stream: bool = False
    asked: Asked = "chat"
    route: Route = "usual"
    leaving: Leaving = ""
    works: bool = False
    reaches: bool = True


_STREAMED: Final = ("reset", "unfinished", "garbage", "error", "error-first")
_WHOLE: Final = (
    *("error-text", "redirect", "malformed", "misshapen", "truncated", "declined", "filtered", "reset"),
    *(f"error-{status}" for status in (400, 401, 403, 404, 413, 422, 429, 500, 503)),
)

PATHS: Final = (
    Path("failover", "error-500", route="spare", works=True),
    Path("stream-failover", "error-503", stream=True, route="spare", works=True),
    Path("answer", works=True),
    Path("stream", stream=True, works=True),
    Path("embed", asked="embed", works=True),
    *(Path(name, name) for name in _WHOLE),
    *(Path(f"stream-after-{name}", name, stream=True) for name in ("error-400", "error-429", "error-500", "declined")),
    *(Path(f"stream-{name}", f"stream-{name}", stream=True) for name in _STREAMED),
    Path("unreachable", route="dead", reaches=False),
    Path("timeout", "hang", route="impatient"),
    Path("stalled", "stall", route="impatient"),
    Path("stream-timeout", "hang", stream=True, route="impatient"),
    Path("stream-stalled", "stream-hang", stream=True, route="impatient"),
    Path("refused", asked="refused", reaches=False),
    Path("stream-refused", stream=True, asked="refused", reaches=False),
    Path("invalid", asked="invalid", reaches=False),
    Path("stray", asked="stray", reaches=False),
    Path("garbage", asked="garbage", reaches=False),
    Path("cancelled", "hang", leaving="cancel"),
    Path("stream-cancelled", "hang", stream=True, leaving="cancel"),
    Path("stream-left", "stream-drip", stream=True, leaving="leave"),
    Path("shutdown", "hang", leaving="close"),
    Path("stream-shutdown", "stream-drip", stream=True, leaving="close"),
)
"""Every path. The first ones need a provider that has not failed yet."""

_REFUSED: Final = {"refused", "stream-refused"}
_BESIDE: Final = (
    *("no-arguments", "unknown-tool", "unknown-resource", "unknown-method", "unknown-notification", "wrong-key"),
)

MCP_PATHS: Final = (
    *(path for path in PATHS if path.name not in _REFUSED and path.asked != "embed"),
    Path("refused", route="closed", reaches=False),
    Path("stream-refused", stream=True, route="closed", reaches=False),
    *(Path(name, asked="beside", reaches=False) for name in _BESIDE),
)
"""Those of a host that is spoken to over MCP. A stream is a call that asks for progress."""
