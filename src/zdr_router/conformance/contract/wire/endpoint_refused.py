"""An endpoint that is not covered is refused.

Retention differs from endpoint to endpoint of the same provider. A request for embeddings to a configuration that
does not list them is refused with ZDR601 and no connection is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.asking import PROMPT, ROUTE
from zdr_router.conformance.contract.verdict import failed, passed, skipped
from zdr_router.errors import Refused, RouterError

if TYPE_CHECKING:
    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC010"
_OTHER: Final = "embeddings"


async def check(bench: Bench) -> Verdict:
    """One request for vectors."""
    if _OTHER in bench.configuration.endpoints:
        return skipped(f"the configuration covers {_OTHER}, the only other endpoint that the router asks")
    before = bench.seen
    ids: set[str] = set()
    try:
        await bench.router.embed(model=ROUTE, input=PROMPT, tenant=bench.target.tenant)
    except Refused as error:
        ids = {refusal.id for refusal in error.refusals}
    except RouterError:
        ids = set()
    if bench.seen != before:
        return failed(f"a request for {_OTHER} was sent")
    return passed(f"{_OTHER} is refused") if "ZDR601" in ids else failed(f"{_OTHER} is not refused by ZDR601")
