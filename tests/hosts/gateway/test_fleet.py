"""The counts of several workers: summed, never smaller than before, and complete once everybody has spoken."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import multiprocessing.connection
import threading
from typing import TYPE_CHECKING

import orjson
from here import needs_extra
from test_errors import metadata

from zdr_router.hosts.gateway.counting import Counts
from zdr_router.metadata import ErrorCode, Signal

needs_extra("gateway", "uvicorn")

from zdr_router.hosts.gateway.serving import fleet  # noqa: E402 - after what may skip
from zdr_router.hosts.gateway.serving.fleet import Member, Watcher  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator


def counted(operation: str, times: int = 1) -> Counts:
    made = Counts()
    for _ in range(times):
        made.answered(operation, 200, 0.02)
    return made


def test_counts_are_told_as_they_are_and_added_up():
    one, two = counted("chat.completions", 2), counted("chat.completions")
    two.answered("mcp.ask", 403, 70.0)
    two.under_way = 1
    two.recorded(metadata()._replace(error_code=ErrorCode.REFUSED, signals=(Signal.NO_KEY,), input_tokens=7))
    one.recorded(metadata()._replace(error_code=ErrorCode.REFUSED))
    one.add(Counts.of(two.told()))
    lines = one.text().splitlines()
    for line in (
        "zdr_requests_under_way 1",
        'zdr_requests_total{operation="chat.completions",status="200"} 3',
        'zdr_requests_total{operation="mcp.ask",status="403"} 1',
        'zdr_request_seconds_bucket{operation="chat.completions",le="0.05"} 3',
        'zdr_request_seconds_sum{operation="chat.completions"} 0.060000',
        'zdr_request_seconds_count{operation="mcp.ask"} 1',
        'zdr_errors_total{code="zdr_refused"} 2',
        'zdr_signals_total{signal="no_key"} 1',
        'zdr_tokens_total{kind="input"} 7',
    ):
        assert line in lines
    assert Counts.of(orjson.loads(orjson.dumps(two.told()))).text() == two.text()


@contextlib.contextmanager
def watched(workers: int) -> Iterator[tuple[Watcher, list[multiprocessing.connection.Connection]]]:
    """A watcher that listens in a thread, as it does in a process, and the workers' ends."""
    watcher, theirs, ended = Watcher(), [], threading.Event()
    for _ in range(workers):
        ours, end = multiprocessing.Pipe()
        watcher.welcome(ours)
        theirs.append(end)

    def listen() -> None:
        while not ended.is_set():
            for each in multiprocessing.connection.wait(watcher.connections, timeout=0.02):
                watcher.hear(each)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield watcher, theirs
    finally:
        ended.set()
        thread.join()


async def test_whoever_is_asked_tells_what_all_have_counted(monkeypatch):
    monkeypatch.setattr(fleet, "EVERY", 0.05)
    with watched(2) as (_, (first, second)):
        one, two = counted("chat.completions", 3), counted("chat.completions", 4)
        async with Member(first, one) as here, Member(second, two) as there:
            async with asyncio.timeout(10):
                while (await here.sum()).total < 7:  # noqa: ASYNC110 - as a scraper sees it
                    await asyncio.sleep(0.01)
            both = await asyncio.gather(*(member.sum() for member in (here, there, here, there)))
            assert [each.total for each in both] == [7] * 4
            one.answered("models", 200, 0.0)
            assert (await here.sum()).total == 8
            assert (await there.sum()).total == 8


async def test_what_an_ended_worker_has_counted_is_not_lost():
    with watched(2) as (watcher, (first, second)):
        gone = counted("chat.completions", 5)
        gone.under_way = 1
        async with Member(second, counted("models")) as here:
            async with Member(first, gone):
                pass
            first.close()
            async with asyncio.timeout(10):
                while len(watcher.connections) > 1:  # noqa: ASYNC110 - as a watcher sees it
                    await asyncio.sleep(0.01)
            found = await here.sum()
        assert (found.total, found.under_way) == (6, 0)


async def test_without_a_watcher_it_tells_its_own():
    ours, theirs = multiprocessing.Pipe()
    async with Member(theirs, counted("models")) as here:
        waiting = asyncio.create_task(here.sum())
        await asyncio.sleep(0)
        ours.close()
        async with asyncio.timeout(10):
            assert (await waiting).total == 1
            assert (await here.sum()).total == 1
