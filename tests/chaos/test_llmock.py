"""Every fault that llmock knows, over real sockets, against both façades: what the caller gets, and llmock's verdict.

The verdict is strict: a warning fails. What llmock expects and this router will not do stands in `EXCEPTED`.
"""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import pytest
from deployments import SAYING, parts
from llmock import scenarios, verdict
from llmock.pytest_plugin import LLMock
from llmock.ratelimit import LimitSettings
from llmock.simulation import SUPPORTED_ERROR_STATUS_CODES
from llmock.testing import LLMockServer

from zdr_router import AsyncRouter, Exhausted, InvalidRequest, RouteEntry, Router, RouterError, StreamBroken
from zdr_router.config import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WAYS = [(kind, stream) for kind in (AsyncRouter, Router) for stream in (False, True)]
EACH_WAY = pytest.mark.parametrize(
    ("kind", "stream"), WAYS, ids=[f"{kind.__name__}-{'stream' if stream else 'whole'}" for kind, stream in WAYS]
)
TOOLS = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}]
IMPATIENT = {"attempt_timeout": "400ms", "first_chunk_timeout": "400ms", "chunk_timeout": "400ms"}
PACE = 20  # milliseconds between chunks, so that each arrives by itself


class Told(NamedTuple):
    """What a caller got: an answer, or an error."""

    text: str = ""
    tools: tuple[str, ...] = ()
    error: RouterError | None = None


class Case(NamedTuple):
    """A fault, how a caller's request ends, and how its route is set. `spare` is a second target that does
    well; not `whole`: llmock does it to streams alone."""

    fault: Callable[[LLMock], object]
    ends: type[RouterError] | None = None
    whole: bool = True
    spare: bool = False
    requests: int = 1
    route: dict[str, Any] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    body: dict[str, Any] = {}  # noqa: RUF012 - as above


def at(chunk: int) -> dict[str, Any]:
    return {"after_chunks": chunk}


CASES = {
    "fail once": Case(lambda bed: bed.fail(500)),
    "fail twice": Case(lambda bed: bed.fail(503, times=2, retry_after=0.1)),
    "rate_limit once": Case(lambda bed: bed.rate_limit(retry_after=0.4)),
    "rate_limit twice": Case(lambda bed: bed.rate_limit(times=2, retry_after=0.2)),
    "rate_limit beyond the deadline": Case(lambda bed: bed.rate_limit(times=None, retry_after=30), Exhausted),
    "outage": Case(lambda bed: bed.outage(), Exhausted, route={"retries": 1}),
    "outage of one of two": Case(lambda bed: bed.outage(), spare=True),
    "context_overflow": Case(lambda bed: bed.context_overflow(), InvalidRequest),
    "delay": Case(lambda bed: bed.delay(1), spare=True, route=IMPATIENT),
    "disconnect at once": Case(lambda bed: bed.disconnect(**at(0)), whole=False),
    "disconnect for ever": Case(lambda bed: bed.disconnect(times=None, **at(0)), Exhausted, whole=False),
    "disconnect before content": Case(lambda bed: bed.pace(PACE).disconnect(**at(1)), whole=False),
    "disconnect after content": Case(lambda bed: bed.pace(PACE).disconnect(**at(4)), StreamBroken, whole=False),
    "truncate at once": Case(lambda bed: bed.truncate(**at(0)), whole=False),
    "truncate before content": Case(lambda bed: bed.pace(PACE).truncate(**at(1)), whole=False),
    "truncate after content": Case(lambda bed: bed.pace(PACE).truncate(**at(4)), StreamBroken, whole=False),
    "corrupt at once": Case(lambda bed: bed.pace(PACE).corrupt(**at(0)), whole=False),
    "corrupt before content": Case(lambda bed: bed.pace(PACE).corrupt(**at(1)), whole=False),
    "corrupt after content": Case(lambda bed: bed.pace(PACE).corrupt(**at(4)), StreamBroken, whole=False),
    "stall at once": Case(lambda bed: bed.stall(seconds=2, **at(0)), whole=False, spare=True, route=IMPATIENT),
    "stall before content": Case(lambda bed: bed.stall(seconds=2, **at(1)), whole=False, spare=True, route=IMPATIENT),
    "stall after content": Case(
        lambda bed: bed.pace(PACE).stall(seconds=2, **at(4)), StreamBroken, whole=False, route=IMPATIENT
    ),
    "slow_first_token within patience": Case(lambda bed: bed.slow_first_token(0.2), whole=False),
    "slow_first_token": Case(lambda bed: bed.slow_first_token(2), whole=False, spare=True, route=IMPATIENT),
    "reply": Case(lambda bed: bed.reply("as scripted")),
    "call_tool": Case(lambda bed: bed.call_tool("search", {"q": "x"}), body={"tools": TOOLS}),
    "break_tool_call malformed": Case(lambda bed: bed.break_tool_call("malformed_arguments"), body={"tools": TOOLS}),
    "break_tool_call unknown": Case(lambda bed: bed.break_tool_call("unknown_tool"), body={"tools": TOOLS}),
    "tool_mode off": Case(lambda bed: bed.tool_mode("off"), body={"tools": TOOLS}),
    "limits requests": Case(lambda bed: bed.limits(rpm=60), requests=61),
    "limits tokens": Case(lambda bed: bed.limits(tpm=6000), requests=2, body={"max_tokens": 3020}),
    "limits context": Case(lambda bed: bed.limits(context_window=1), InvalidRequest),
    "pace": Case(lambda bed: bed.pace(PACE)),
}

EXCEPTED: dict[str, dict[str, str]] = {
    "rate_limit beyond the deadline": {
        "gave_up": "a wait that ends after the deadline is not begun; whoever called may ask again later",
    },
    "outage of one of two": {
        "gave_up": "every target is asked once before one is asked again; the other one has answered",
    },
    "disconnect after content": {
        "gave_up": "what the caller has seen is not replayed: it is told that the stream broke"
    },
    "truncate after content": {"truncated_stream_accepted": "it is not accepted: the caller is told that it broke"},
    "corrupt after content": {"malformed_chunk_ignored": "it is not ignored: the caller is told that it broke"},
}
"""By case: findings that llmock would not report if the router did what it must not do, and why it does not."""

NO_FAULTS = {"base_url", "env", "add", "verdict", "assert_resilient", "reset"}
"""Methods of llmock's fixture that do nothing to a client."""


@pytest.fixture(scope="module")
def spare_server():
    with LLMockServer() as server:
        yield server


@pytest.fixture
def spare(spare_server):
    return LLMock(spare_server).reset()


def deployed(*beds: LLMock, **route: Any) -> AsyncRouter:
    """A router over these servers, whose back-off is the middle of what chance would give."""
    members = parts(*(bed.base_url() for bed in beds), **{"timeout": "4s", "retries": 2, **route})
    return AsyncRouter.of(assemble(**members), random=lambda: 0.5)


def ask(kind: type[AsyncRouter | Router], made: AsyncRouter, bodies: Sequence[dict[str, Any]]) -> list[Told]:
    """Ask all at once, whole or as a stream, through either façade."""
    if kind is AsyncRouter:
        return asyncio.run(_ask_async(made, bodies))
    with Router._around(made) as router, ThreadPoolExecutor(min(len(bodies), 64)) as pool:
        return list(pool.map(lambda body: _ask(router, **body), bodies))


async def _ask_async(made: AsyncRouter, bodies: Sequence[dict[str, Any]]) -> list[Told]:
    async def one(*, stream: bool, **body: Any) -> Told:
        try:
            if not stream:
                return _read((await made.chat(**body)).body["choices"][0]["message"])
            async with made.stream_chat(**body) as chunks:
                return _join([chunk async for chunk in chunks])
        except RouterError as error:
            return Told(error=error)

    async with made:
        return await asyncio.gather(*(one(**body) for body in bodies))


def _ask(router: Router, *, stream: bool, **body: Any) -> Told:
    try:
        if not stream:
            return _read(router.chat(**body).body["choices"][0]["message"])
        with router.stream_chat(**body) as chunks:
            return _join(list(chunks))
    except RouterError as error:
        return Told(error=error)


def _read(message: Any) -> Told:
    return Told(message["content"] or "", tuple(call["function"]["name"] for call in message.get("tool_calls") or ()))


def _join(chunks: Sequence[Any]) -> Told:
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    calls = [call["function"] for delta in deltas for call in delta.get("tool_calls") or ()]
    names = tuple(call["name"] for call in calls if call.get("name"))
    return Told("".join(delta.get("content") or "" for delta in deltas), names)


def body(model: str = "chat", **members: Any) -> dict[str, Any]:
    return {"model": model, "messages": SAYING, **members}


def saying(number: int) -> list[dict[str, str]]:
    """A request of its own: llmock takes a body that comes again after a failure for a retry."""
    return [{"role": "user", "content": f"tell me something about number {number}"}]


def found(*beds: LLMock) -> set[str]:
    """What llmock has to say, the warnings too; the report is printed for whoever reads a failure."""
    for bed in beds:
        print(bed.verdict().render())  # noqa: T201 - pytest shows it with a failure alone
    return {finding.code for bed in beds for finding in bed.verdict().findings}


# The faults.


@pytest.mark.parametrize(
    ("name", "kind", "stream"),
    [(name, *way) for name, case in CASES.items() for way in WAYS if case.whole or way[1]],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_a_fault_is_taken_as_llmock_and_the_house_demand(name, kind, stream, llmock, spare):
    case = CASES[name]
    case.fault(llmock)
    beds = [llmock, spare] if case.spare else [llmock]
    bodies = [body(stream=stream, **case.body, messages=saying(number)) for number in range(case.requests)]
    told = ask(kind, deployed(*beds, **case.route), bodies)
    ends = {type(each.error) if each.error is not None else None for each in told}
    assert (ends, found(*beds)) == ({case.ends}, set(EXCEPTED.get(name, {})))
    if case.ends is None:
        assert all(each.text or each.tools for each in told)


@EACH_WAY
def test_every_status_is_retried_or_not_as_llmock_demands(kind, stream, llmock):
    routes = {}
    for code in SUPPORTED_ERROR_STATUS_CODES:
        llmock.fail(code, retry_after=0.3, model=f"s{code}")
        routes[code] = f"s{code}"
    members = parts(llmock.base_url())
    members["routes"] = {name: RouteEntry(targets=[f"a/{name}"], timeout="5s") for name in routes.values()}
    made = AsyncRouter.of(assemble(**members), random=lambda: 0.5)
    told = dict(zip(routes, ask(kind, made, [body(name, stream=stream) for name in routes.values()]), strict=True))
    assert found(llmock) == set()
    assert {code for code in verdict.RETRYABLE if told[code].error is not None} == set()
    assert {code for code in verdict.NON_RETRYABLE if told[code].error is None} == set()


@pytest.mark.parametrize("kind", [AsyncRouter, Router])
@pytest.mark.parametrize("fault", ["disconnect", "truncate", "corrupt"])
def test_a_caller_who_asks_again_after_a_break_is_resilient_without_exception(fault, kind, llmock):
    getattr(llmock.pace(PACE), fault)(**at(4))
    (broken,) = ask(kind, deployed(llmock), [body(stream=True)])
    assert isinstance(broken.error, StreamBroken)
    (again,) = ask(kind, deployed(llmock), [body(stream=True)])
    assert again.text
    assert found(llmock) == set()


@EACH_WAY
def test_a_request_that_is_too_long_is_answered_by_a_larger_context(kind, stream, llmock, spare):
    llmock.context_overflow()
    members = parts(llmock.base_url(), spare.base_url())
    members["routes"] = {
        "chat": RouteEntry(targets=["a/m"], larger_context=["large"]),
        "large": RouteEntry(targets=["b/m"]),
    }
    (told,) = ask(kind, AsyncRouter.of(assemble(**members)), [body(stream=stream)])
    assert told.text
    assert [len(bed.requests) for bed in (llmock, spare)] == [1, 1]
    assert found(llmock, spare) == set()


@EACH_WAY
def test_what_is_scripted_is_what_the_caller_reads(kind, stream, llmock):
    llmock.reply("as scripted")
    (told,) = ask(kind, deployed(llmock), [body(stream=stream)])
    assert told == Told("as scripted")


# Nothing that llmock knows is left out.


class Scripted(LLMock):
    """Keeps what a case would queue."""

    def __init__(self) -> None:
        self.queued: list[Any] = []

    def add(self, *behaviors: Any) -> LLMock:
        self.queued += behaviors
        return self

    def tool_mode(self, mode: str) -> LLMock:  # noqa: ARG002 - there is no server to tell
        return self

    def limits(self, **limits: int | None) -> LLMock:
        self.queued += [name for name, value in limits.items() if value is not None]
        return self

    def pace(self, chunk_delay_ms: int) -> LLMock:  # noqa: ARG002 - there is no server to tell
        return self


def test_every_fault_of_llmock_is_among_the_cases():
    methods = {name for name, member in vars(LLMock).items() if inspect.isfunction(member) and name[0] != "_"}
    assert {name.split(" ", maxsplit=1)[0] for name in CASES} == methods - NO_FAULTS


def test_every_kind_of_fault_of_llmock_is_among_the_cases():
    bed = Scripted()
    for case in CASES.values():
        case.fault(bed)
    queued = [each for each in bed.queued if not isinstance(each, str)]
    assert {type(each) for each in queued} == set(get_args(scenarios.Behavior))
    for fault, kinds in (
        (scenarios.StreamFault, scenarios.StreamFaultKind),
        (scenarios.ToolFault, scenarios.ToolFaultKind),
    ):
        assert {each.kind for each in queued if isinstance(each, fault)} == set(get_args(kinds))
    assert {each for each in bed.queued if isinstance(each, str)} == {field.name for field in fields(LimitSettings)}


def test_an_exception_names_a_case_and_a_finding():
    known = {check.__name__.removeprefix("_") for check in verdict._CHECKS}
    assert EXCEPTED.keys() <= CASES.keys()
    assert {code for codes in EXCEPTED.values() for code in codes} <= known
    assert all(reason for codes in EXCEPTED.values() for reason in codes.values())
