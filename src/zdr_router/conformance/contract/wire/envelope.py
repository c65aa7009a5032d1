"""Address and headers are those of the dialect, and no others.

A request is a POST to the path that the dialect has for it below the target's base URL. It has the headers of HTTP
itself, the content types, the router's own name, what every request of the dialect says, and the credential: nothing
of the caller's, no cookie, no trace, no header of an SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from zdr_router.conformance.contract.replica import MADE_UP
from zdr_router.conformance.contract.verdict import failed, judged
from zdr_router.registry.configuration import AUTH_HEADERS
from zdr_router.registry.vocabulary import ENDPOINTS
from zdr_router.registry.vocabulary.dialects import DIALECTS

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC003"
_CHAT: Final = "chat.completions"
_OF_HTTP: Final = frozenset({"host", "content-length", "accept-encoding", "connection"})
_OF_EVERY_REQUEST: Final = frozenset({"content-type", "accept", "user-agent"})


async def check(bench: Bench) -> Verdict:
    """A whole answer, and a stream where the model streams."""
    faults: list[str] = []
    for stream in (False, True) if bench.streams else (False,):
        told = await (bench.listen(bench.stream()) if stream else bench.ask(bench.whole()))
        if told.outcome != "ok" or bench.last is None:
            return failed(f"a sound answer came to {told.how}")
        faults += _faults(bench, stream=stream)
    return judged(list(dict.fromkeys(faults)), "the headers that are listed, and the path of the dialect")


def _faults(bench: Bench, *, stream: bool) -> list[str]:
    arrived, target = bench.last, bench.target
    if arrived is None:
        return ["nothing came"]
    dialect = DIALECTS.get(target.configuration.dialect)
    path = ENDPOINTS[_CHAT].path if dialect is None else dialect.path(_CHAT, stream=stream, model=target.model)
    base = urlsplit(target.base_url or "").path.rstrip("/")
    own = {} if dialect is None else dict(dialect.headers)
    credential = None if target.auth == "none" else AUTH_HEADERS.get(target.auth, "authorization")
    listed = {*_OF_HTTP, *_OF_EVERY_REQUEST, *own, *([] if credential is None else [credential])}
    faults = [f"it has the header {name}" for name in sorted(arrived.headers.keys() - listed)]
    faults += [f"it lacks the header {name}" for name in sorted(_OF_EVERY_REQUEST - arrived.headers.keys())]
    faults += [f"its header {name} is not the dialect's" for name in own if arrived.headers.get(name) != own[name]]
    if credential is not None and arrived.headers.get(credential, "").removeprefix("Bearer ") != MADE_UP:
        faults.append("its credential is not the account's")
    if (arrived.method, arrived.path) != ("POST", f"{base}{path}"):
        faults.append("it is not a POST to the path of the dialect")
    return faults
