"""A model that does not exist is an error, and told as such.

The prompt is sent for a made-up model of the same account. The attempt ends as `model_gone`, or as a fault of the
caller; a provider that answers all the same has put another model in its place, whose terms may be others. A server
that the operator runs often has one model under every name, so there that is no fault.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import failed, passed, skipped

if TYPE_CHECKING:
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC105"
REQUESTS: Final = 1
MADE_UP: Final = "zdr-conform-no-such-model"
_EXPECTED: Final = frozenset({"model_gone", "caller_fault"})


async def check(session: Session) -> Verdict:
    """One request."""
    if (await session.answer()).refusals:
        return skipped("it may not be asked (ZDC101)")
    told = await session.ask_as(dataclasses.replace(session.target, model=MADE_UP))
    if told.refusals:
        return skipped(f"the configuration's conditions refuse a made-up name: {told.how}")
    if told.outcome == "ok" and session.target.configuration.self_operated:
        return skipped("the operator's own server has one model under every name")
    if told.outcome == "ok":
        return failed("a model that does not exist answered: another one was put in its place")
    if told.outcome not in _EXPECTED:
        return failed(f"it came to {told.how}, not model_gone or caller_fault")
    return passed(f"it came to {told.how}")
