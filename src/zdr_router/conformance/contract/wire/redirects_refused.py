"""A redirect is not followed.

To each of 301, 302, 303, 307 and 308 with another host as its location, whole and streamed, the attempt ends as
`redirected`, and nobody ever comes to the other host: a prompt goes where it was cleared to go, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.stand_in import Reply
from zdr_router.conformance.contract.verdict import judged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC011"
_STATUSES: Final = (301, 302, 303, 307, 308)


async def check(bench: Bench) -> Verdict:
    """Every status that redirects."""
    bench.elsewhere.reply = bench.whole()
    location = {"location": f"http://127.0.0.1:{bench.elsewhere.port}/"}
    faults: list[str] = []
    for stream in (False, True) if bench.streams else (False,):
        for status in _STATUSES:
            reply = Reply(status=status, headers=location)
            told = await (bench.listen(reply) if stream else bench.ask(reply))
            if told.outcome != "redirected":
                faults.append(f"a {status} came to {told.how}")
    if bench.elsewhere.seen.connections:
        faults.insert(0, "the other host was asked")
    return judged(faults, f"{', '.join(map(str, _STATUSES))}: the other host was never asked")
