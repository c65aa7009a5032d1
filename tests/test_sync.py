"""The façade without `await`: the same behaviour, on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time

import pytest
import upstream as up
from deployments import SAYING, parts
from upstream import upstream_in_thread

from zdr_router import AsyncRouter, Exhausted, InvalidRequest, Refused, Router, StreamBroken
from zdr_router.loop_thread import LoopThread
from zdr_router.metadata import ErrorCode
from zdr_router.sync import SyncChatStream


def eventually(condition, *, within: float = 5.0) -> float:
    """Seconds until the condition held."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within
        time.sleep(0.002)
    return time.monotonic() - began


@pytest.fixture
def answering():
    with upstream_in_thread() as server, Router(**parts(server)) as router:
        yield server, router


def test_it_answers_streams_embeds_and_explains(answering):
    _, router = answering
    assert router.chat(model="chat", messages=SAYING).text == "ok"
    with router.stream_chat(model="chat", messages=SAYING) as stream:
        text = "".join(choice["delta"].get("content", "") for chunk in stream for choice in chunk["choices"])
    assert text == "ok"
    assert stream.metadata.status == 200
    assert router.embed(model="chat", input="x").vectors == [[0.5, 0]]
    assert router.explain(model="chat").planned[0].target == "a/m"


@pytest.mark.parametrize(
    "name", ["__init__", "chat", "stream_chat", "embed", "explain", "from_config", "isolate", "restore"]
)
def test_it_takes_what_the_async_one_takes(name):
    ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (Router, AsyncRouter))
    assert list(ours.parameters.values()) == list(theirs.parameters.values())


def test_errors_are_the_same():
    with upstream_in_thread(up.error(400), up.error(500)) as server, Router(**parts(server)) as router:
        with pytest.raises(InvalidRequest) as raised:
            router.chat(model="chat", messages=SAYING)
        assert raised.value.metadata.status == 400
        with pytest.raises(Exhausted):
            router.chat(model="chat", messages=SAYING)
        with pytest.raises(Refused):
            router.chat(model="chat", messages=SAYING, store=True)


def test_a_stream_that_breaks_gives_what_came_before():
    behaviour = up.stream_then(up.chunks(["a"], finish=None), up.reset_before_head)
    with upstream_in_thread(behaviour) as server, Router(**parts(server)) as router:
        chunks = []
        with pytest.raises(StreamBroken), router.stream_chat(model="chat", messages=SAYING) as stream:
            chunks.extend(stream)
        assert chunks[-1]["choices"][0]["delta"]["content"] == "a"


def test_leaving_a_stream_early_closes_the_upstream():
    with upstream_in_thread(up.drip_stream) as server, Router(**parts(server)) as router:
        with router.stream_chat(model="chat", messages=SAYING) as stream:
            next(stream)
        assert eventually(server.requests[0].gone.is_set) < 0.5
    assert stream.metadata.error_code is ErrorCode.CANCELLED


def test_it_sends_nothing_outside_its_block():
    with upstream_in_thread() as server:
        router = Router(**parts(server))
        for call in (
            lambda: router.chat(model="chat", messages=SAYING),
            lambda: router.embed(model="chat", input="x"),
            lambda: router.stream_chat(model="chat", messages=SAYING).__enter__(),
        ):
            with pytest.raises(RuntimeError, match="use `with`"):
                call()
            with router:
                pass
            with pytest.raises(RuntimeError, match="use `with`"):
                call()
        assert server.connections == 0
        assert router.explain(model="chat").planned


def test_a_stream_does_not_outlive_its_router():
    with upstream_in_thread(up.drip_stream) as server:
        with Router(**parts(server)) as router:
            stream = router.stream_chat(model="chat", messages=SAYING)
            with stream:
                next(stream)
        with pytest.raises(RuntimeError, match="use `with`"):
            next(stream)


def test_leaving_the_block_ends_what_other_threads_wait_for():
    ended = []
    with upstream_in_thread(up.hang) as server:
        router = Router(**parts(server))

        def ask():
            with pytest.raises(Exhausted):
                router.chat(model="chat", messages=SAYING)
            ended.append(True)

        with router:
            asking = threading.Thread(target=ask)
            asking.start()
            eventually(lambda: server.requests)
        asking.join(5)
    assert ended


def test_leaving_the_block_ends_a_stream_that_another_thread_reads():
    ended = []
    with upstream_in_thread(up.stream_then(up.chunks(["a"], finish=None), up.hang)) as server:
        router = Router(**parts(server, timeout="60s"))
        begun = threading.Event()

        def read():
            try:
                with router.stream_chat(model="chat", messages=SAYING) as stream:
                    begun.set()
                    list(stream)
            except (StreamBroken, RuntimeError) as error:
                ended.append(error)

        reading = threading.Thread(target=read)
        with router:
            reading.start()
            begun.wait(10)
        reading.join(10)
        assert not reading.is_alive()
    assert ended


def test_nobody_waits_for_a_loop_that_has_stopped():
    loop = LoopThread()
    ended = []

    async def never():
        await asyncio.sleep(60)

    def wait():
        with pytest.raises(RuntimeError, match="not open"):
            loop.run(never())
        ended.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually(lambda: loop._waited_for)
    loop.stop()
    waiting.join(10)
    assert ended
    with pytest.raises(RuntimeError, match="not open"):
        loop.run(never())


def test_it_can_be_opened_again_and_leaves_no_thread_behind():
    before = threading.active_count()
    with upstream_in_thread() as server:
        router = Router(**parts(server))
        for _ in range(2):
            with router:
                assert router.chat(model="chat", messages=SAYING).text == "ok"
    eventually(lambda: threading.active_count() <= before)


class Interrupted(BaseException):
    """As a KeyboardInterrupt would arrive."""


def test_an_interrupt_of_the_waiting_thread_cancels_the_request(monkeypatch):
    with upstream_in_thread(up.hang) as server, Router(**parts(server)) as router:
        wait = router._loop.run.__globals__["asyncio"].run_coroutine_threadsafe

        def interrupted(work, loop):
            future = wait(work, loop)

            def result():
                eventually(lambda: server.requests)
                raise Interrupted

            monkeypatch.setattr(future, "result", result)
            return future

        monkeypatch.setattr("asyncio.run_coroutine_threadsafe", interrupted)
        with pytest.raises(Interrupted):
            router.chat(model="chat", messages=SAYING)
        assert eventually(server.requests[0].gone.is_set) < 0.5
        monkeypatch.undo()


def test_threads_may_share_it(answering):
    _, router = answering
    texts = []

    def ask():
        texts.append(router.chat(model="chat", messages=SAYING).text)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert texts == ["ok"] * 8


def test_a_stream_is_an_iterator_of_its_own(answering):
    _, router = answering
    stream = router.stream_chat(model="chat", messages=SAYING)
    assert isinstance(stream, SyncChatStream)
    assert iter(stream) is stream


def test_threads_may_explain_while_others_ask(answering):
    _, router = answering
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(len(router.explain(model="chat").planned))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert router.chat(model="chat", messages=SAYING).text == "ok"
    for thread in threads:
        thread.join(10)
    assert found == [1] * 4


def test_a_target_is_isolated_and_restored():
    with upstream_in_thread() as one, upstream_in_thread() as two:
        router = Router(**parts(one, two))
        router.isolate("a/m")  # also before it is open
        with router:
            assert router.chat(model="chat", messages=SAYING).metadata.target == "b/m"
            router.restore("a/m")
            assert router.chat(model="chat", messages=SAYING).metadata.target == "a/m"
            with pytest.raises(ValueError, match="no route has the target"):
                router.isolate("c/m")
