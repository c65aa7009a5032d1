"""Content outlives no call: it is in no error, traceback, log or record, whichever way a request fails."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import parts, router
from upstream import Upstream, upstream_in_thread

import zdr_router
from zdr_router import AsyncRouter, Exhausted, InvalidRequest, Metadata, Refused, Router, RouterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

CANARY = "canary93b1"
SAYING = [{"role": "user", "content": f"my secret is {CANARY}"}]
OURS = Path(zdr_router.__file__).parent
ECHO = {"x-request-id": CANARY, "retry-after": CANARY, "set-cookie": f"id={CANARY}", "x-error": CANARY}
OUTCRY = {"error": {"message": CANARY, "type": CANARY, "code": CANARY, "param": CANARY, "metadata": {"raw": CANARY}}}


def behind(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and every one that it drags along."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        each = pending.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]


def frames(trace: TracebackType | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Our own frames, and what their names stand for."""
    while trace is not None:
        code = trace.tb_frame.f_code
        if OURS in Path(code.co_filename).parents:
            yield f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}", trace.tb_frame.f_locals
        trace = trace.tb_next


def leaks(error: BaseException) -> list[str]:
    """Every place at which an error tracker would find the canary."""
    found = []
    for each in behind(error):
        shown = [str(each), repr(each), repr(each.args), repr(vars(each)), repr(getattr(each, "__notes__", ()))]
        found += [f"{type(each).__name__}: {text}" for text in shown if CANARY in text]
        for where, names in frames(each.__traceback__):
            found += [f"{where}: {name}" for name, value in names.items() if CANARY in repr(value)]
    return found


class Kept:
    def __init__(self) -> None:
        self.all: list[Metadata] = []

    def record(self, metadata: Metadata) -> None:
        self.all.append(metadata)

    def check(self) -> None:
        assert self.all
        for metadata in self.all:
            assert CANARY not in json.dumps(metadata.as_dict())
            assert CANARY not in repr(metadata)


@pytest.fixture
def logs(caplog):
    """Everything that anybody logs; checked at the end."""
    caplog.set_level(logging.DEBUG)
    yield caplog
    assert CANARY not in caplog.text
    for record in caplog.records:
        assert CANARY not in repr(vars(record))


def test_the_detector_detects():
    """This file would prove nothing if it saw nothing."""

    def inner() -> None:
        secret = CANARY
        raise ValueError(len(secret))

    namespace: dict[str, Any] = {"CANARY": CANARY}
    source = "def fail(prompt):\n    raise ValueError(len(prompt))\n"
    exec(compile(source, str(OURS / "made_up.py"), "exec"), namespace)  # noqa: S102 - a frame that looks like ours
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - it is raised three lines above
        namespace["fail"](CANARY)
    assert leaks(raised.value) == ["made_up.py:2 fail: prompt"]
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - as above
        inner()
    assert leaks(raised.value) == []
    assert leaks(ValueError(CANARY)) != []


def said(**members: Any) -> Any:
    return up.completion(CANARY, **members)


CHUNKS = up.chunks([CANARY, CANARY], finish=None)
WHOLE = {
    **{f"{code}": up.status(code, OUTCRY, headers=ECHO) for code in (400, 401, 403, 404, 413, 422, 429, 451, 500, 503)},
    "400 text": up.status(400, CANARY.encode(), headers=ECHO),
    "content filter": up.error(400, message=CANARY, code="content_filter", innererror={"code": CANARY}),
    "redirect": up.redirect(307, f"http://127.0.0.1:9/{CANARY}"),
    "error in a 200": up.says(OUTCRY, headers=ECHO),
    "not JSON": up.status(200, f'{{"choices": [{CANARY}'.encode(), headers=ECHO),
    "no choices": up.says(said() | {"choices": [], "x": CANARY}),
    "no finish reason": up.says({"choices": [{"message": {"content": CANARY}}]}),
    "an unknown finish reason": up.says({"choices": [{"message": {"content": CANARY}, "finish_reason": CANARY}]}),
    "wrong types": up.says({"choices": [{"message": {"content": {"x": CANARY}}, "finish_reason": "stop"}]}),
    "cut": up.cut_body,
    "reset": up.reset_after_head,
    "hangs": up.hang,
    "drips": up.drip(0.01, head=CANARY.encode()),
}
STREAMS = {
    **{name: WHOLE[name] for name in ("400", "401", "429", "500", "content filter", "redirect", "error in a 200")},
    "error event": up.stream([OUTCRY]),
    "garbage": up.stream_then([], lambda call: call.chunk(f"data: {{{CANARY}\n\n".encode())),
    "broken": up.stream_then(CHUNKS, up.reset_before_head),
    "truncated": up.stream_then(CHUNKS, up.Call.finish),
    "error after content": up.stream_then(CHUNKS, lambda call: call.chunk(up.event(OUTCRY))),
    "garbage after content": up.stream_then(CHUNKS, lambda call: call.chunk(f"data: {{{CANARY}\n\n".encode())),
    "half an event": up.stream_then(CHUNKS, lambda call: call.chunk(f'data: {{"x": "{CANARY}'.encode())),
    "hangs after content": up.stream_then(CHUNKS, up.hang),
    "hangs": up.hang,
}


async def read(open_router: AsyncRouter, **parameters: Any) -> None:
    async with open_router.stream_chat(**{"model": "chat", "messages": SAYING, **parameters}) as stream:
        async for _ in stream:
            pass


@pytest.mark.parametrize("how", WHOLE)
async def test_no_failure_of_a_whole_answer_holds_content(how, logs):  # noqa: ARG001 - checked at its end
    kept = Kept()
    async with Upstream(WHOLE[how]) as server, router(server, timeout="300ms", recorders=[kept]) as open_router:
        with pytest.raises(RouterError) as raised:
            await open_router.chat(model="chat", messages=SAYING)
    assert leaks(raised.value) == []
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    kept.check()


@pytest.mark.parametrize("how", STREAMS)
async def test_no_failure_of_a_stream_holds_content(how, logs):  # noqa: ARG001 - checked at its end
    kept = Kept()
    async with Upstream(STREAMS[how]) as server, router(server, timeout="300ms", recorders=[kept]) as open_router:
        with pytest.raises(RouterError) as raised:
            await read(open_router)
    assert leaks(raised.value) == []
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    kept.check()


@pytest.mark.parametrize("how", ["400", "500", "hangs", "not JSON"])
async def test_no_failure_of_embeddings_holds_content(how, logs):  # noqa: ARG001 - checked at its end
    async with Upstream(WHOLE[how]) as server, router(server, timeout="300ms") as open_router:
        with pytest.raises(RouterError) as raised:
            await open_router.embed(model="chat", input=[CANARY])
    assert leaks(raised.value) == []


@pytest.mark.parametrize("how", ["hang", "hang_after_head", "drip", "stream"])
async def test_a_call_that_is_given_up_holds_no_content(how, logs):  # noqa: ARG001 - checked at its end
    behaviour = {
        "hang": up.hang,
        "hang_after_head": up.hang_after_head,
        "drip": up.drip(0.01, head=CANARY.encode()),
        "stream": up.stream_then(CHUNKS, up.hang),
    }[how]
    kept = Kept()
    async with Upstream(behaviour) as server, router(server, recorders=[kept]) as open_router:
        call = read(open_router) if how == "stream" else open_router.chat(model="chat", messages=SAYING)
        running = asyncio.create_task(call)
        await server.next_request()
        await asyncio.sleep(0.1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await running
        assert leaks(raised.value) == []
    kept.check()


WRONG: dict[str, dict[str, Any]] = {
    "route": {"model": CANARY},
    "tenant": {"tenant": CANARY},
    "customer": {"customer": f"{CANARY} is not an identifier"},
    "messages": {"messages": CANARY},
    "a message": {"messages": [CANARY]},
    "a role": {"messages": [{"role": CANARY, "content": "hi"}]},
    "a key of a message": {"messages": [{"role": "user", "content": "hi", CANARY: 1}]},
    "a content part": {"messages": [{"role": "user", "content": [{"type": CANARY, "text": CANARY}]}]},
    "a remote image": {
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"https://{CANARY}.example/"}}]}
        ]
    },
    "a parameter": {CANARY: 1},
    "a type": {"temperature": CANARY},
    "user": {"user": CANARY},
    "a tool type": {"tools": [{"type": CANARY, "function": {"name": CANARY}}]},
    "a tool": {"tools": [{"type": "function", "function": {"name": CANARY, "x": CANARY}}]},
    "a tool choice": {"tool_choice": CANARY},
    "a response format": {"response_format": {"type": CANARY}},
    "stream options": {"stream_options": CANARY},
    "preferences": {"provider": {CANARY: 1}},
    "only": {"provider": {"only": [CANARY]}},
    "sort": {"provider": {"sort": CANARY}},
    "service tier": {"service_tier": CANARY},
    "previous response": {"previous_response_id": CANARY},
    "metadata": {"metadata": {CANARY: CANARY}},
    "headers": {"extra_headers": {"x": CANARY}},
    "no JSON": {"messages": [{"role": "user", "content": f"{CANARY}\ud800"}]},
    "no number": {"seed": 2**70, "messages": SAYING},
}


@pytest.mark.parametrize("part", WRONG)
@pytest.mark.parametrize("streamed", [False, True])
async def test_no_request_that_is_wrong_or_refused_is_quoted(part, streamed, logs):  # noqa: ARG001 - checked at its end
    parameters = {"model": "chat", "messages": SAYING, **WRONG[part]}
    kept = Kept()
    async with Upstream() as server, router(server, recorders=[kept]) as open_router:
        with pytest.raises((InvalidRequest, Refused, Exhausted)) as raised:
            await (read(open_router, **parameters) if streamed else open_router.chat(**parameters))
        assert leaks(raised.value) == []
        assert server.connections == 0
    kept.check()


@pytest.mark.parametrize("part", sorted(WRONG.keys() - {"customer", "no JSON", "no number"}))
def test_an_explanation_quotes_nothing(part, logs):  # noqa: ARG001 - checked at its end
    parameters = {"model": "chat", "messages": SAYING, **WRONG[part]}
    made = router("http://127.0.0.1:9/v1")
    try:
        explanation = made.explain(**parameters)
    except InvalidRequest as error:
        assert leaks(error) == []  # noqa: PT017 - it may also be explained
    else:
        assert CANARY not in repr(explanation)
        assert CANARY not in json.dumps(explanation.as_dict())


async def test_answers_show_nothing_of_themselves(logs):  # noqa: ARG001 - checked at its end
    kept = Kept()
    answer = up.says(
        said(id=CANARY, model=CANARY, system_fingerprint=CANARY, service_tier=CANARY, usage={CANARY: CANARY}),
        headers=ECHO,
    )
    async with Upstream(answer, up.ok()) as server, router(server, recorders=[kept]) as open_router:
        tool = {"type": "function", "function": {"name": CANARY}}
        given = await open_router.chat(model="chat", messages=SAYING, tools=[tool], customer="c-1")
        assert CANARY in given.text
        assert CANARY not in repr(given)
        assert CANARY not in str(given)
        vectors = await open_router.embed(model="chat", input=[CANARY])
        assert CANARY not in repr(vectors)
    kept.check()
    assert kept.all[0].customer == "c-1"


@pytest.mark.parametrize("how", ["400", "500", "hangs", "not JSON"])
def test_the_facade_without_await_holds_no_content_either(how, logs):  # noqa: ARG001 - checked at its end
    with upstream_in_thread(otherwise=WHOLE[how]) as server, Router(**parts(server, timeout="300ms")) as open_router:
        with pytest.raises(RouterError) as raised:
            open_router.chat(model="chat", messages=SAYING, stop=[CANARY])
        assert leaks(raised.value) == []
        with pytest.raises(RouterError) as raised, open_router.stream_chat(model="chat", messages=SAYING):
            pass
        assert leaks(raised.value) == []
        with pytest.raises(RouterError) as raised:
            open_router.embed(model="chat", input=[CANARY])
        assert leaks(raised.value) == []
        with pytest.raises(RouterError) as raised:
            open_router.chat(model=CANARY, messages=SAYING)
        assert leaks(raised.value) == []
        with pytest.raises(RouterError) as raised:
            open_router.explain(model=CANARY, messages=SAYING)
        assert leaks(raised.value) == []
        with pytest.raises(RouterError) as raised:
            open_router.explain(model="chat", messages=SAYING, temperature=CANARY)
        assert leaks(raised.value) == []
        with pytest.raises(RuntimeError) as raised:
            Router(**parts(server)).chat(model="chat", messages=SAYING)
        assert leaks(raised.value) == []


async def test_a_router_that_is_not_open_shows_nothing():
    closed = router("http://127.0.0.1:9/v1")
    for call in (closed.chat(model="chat", messages=SAYING), closed.embed(model="chat", input=CANARY)):
        with pytest.raises(RuntimeError) as raised:
            await call
        assert leaks(raised.value) == []
    with pytest.raises(RuntimeError) as raised:
        await read(closed)
    assert leaks(raised.value) == []
