"""Once a call has returned, no live object holds its content, and that without the help of the garbage collector."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import time
from typing import Any

import pytest
from deployments import parts
from far_upstream import asked, canaries, far_upstream

from zdr_router import AsyncRouter, Policy, RouteEntry, Router, RouterError
from zdr_router.conformance.leaks.forms import Needles
from zdr_router.conformance.leaks.live import live_objects

WAYS = ("ok", "bad", "busy", "broken", "garbage", "wrong", "cut", "hang", "stopped", "reset", "silent", "nonsense")


@pytest.fixture(scope="module")
def deployment():
    """What both façades are made of: a route for each thing that an upstream may do."""
    with far_upstream() as url:
        made = parts(url, url)
        routes = {how: RouteEntry(targets=[f"a/{how}"], timeout="400ms", retries=0) for how in WAYS}
        routes["ok"] = RouteEntry(targets=["a/ok"], timeout="30s", retries=0)
        routes["long"] = RouteEntry(targets=["a/hang"], timeout="30s", retries=0)
        routes["quiet"] = RouteEntry(targets=["a/silent"], timeout="30s", retries=0)
        routes["next"] = RouteEntry(targets=["a/broken", "a/cut", "a/ok"], timeout="30s", retries=0)
        routes["hedged"] = RouteEntry(targets=["a/hang", "a/ok"], timeout="30s", retries=0, hedge_after="50ms")
        routes["rivals"] = RouteEntry(targets=["a/hang", "b/hang"], timeout="30s", retries=0, hedge_after="50ms")
        yield {**made, "routes": routes}


def saying(token: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": asked(token)}, {"role": "user", "content": asked(token)}]


async def whole(router: AsyncRouter, token: str, route: str, **parameters: Any) -> object:
    """A whole answer, of which the record is kept, or the error, which is kept as it was raised."""
    try:
        return (await router.chat(model=route, messages=saying(token), **parameters)).metadata
    except RouterError as error:
        return error


async def embedded(router: AsyncRouter, token: str, route: str) -> object:
    try:
        return (await router.embed(model=route, input=[asked(token)])).metadata
    except RouterError as error:
        return error


async def cancelled(router: AsyncRouter, token: str, route: str) -> object:
    task = asyncio.create_task(router.chat(model=route, messages=saying(token)))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    return raised


async def streamed(router: AsyncRouter, token: str, route: str, take: int = 1000, **parameters: Any) -> object:
    """The stream itself is kept, though it has ended."""
    stream = router.stream_chat(model=route, messages=saying(token), **parameters)
    try:
        async with stream:
            async for chunk in stream:
                del chunk  # the error will come with this frame
                take -= 1
                if not take:
                    break
    except RouterError as error:
        return stream, error
    return stream


async def unentered(router: AsyncRouter, token: str, route: str) -> object:
    router.stream_chat(model=route, messages=saying(token))
    return None


async def given_up(router: AsyncRouter, token: str, route: str) -> object:
    task = asyncio.create_task(streamed(router, token, route))
    await asyncio.sleep(0.15)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    return raised


async def explained(router: AsyncRouter, token: str, route: str, **parameters: Any) -> object:
    try:
        return router.explain(model=route, messages=saying(token), **parameters)
    except RouterError as error:
        return error


def whole_sync(router: Router, token: str, route: str, **parameters: Any) -> object:
    try:
        return router.chat(model=route, messages=saying(token), **parameters).metadata
    except RouterError as error:
        return error


def embedded_sync(router: Router, token: str, route: str) -> object:
    try:
        return router.embed(model=route, input=[asked(token)]).metadata
    except RouterError as error:
        return error


def streamed_sync(router: Router, token: str, route: str, take: int = 1000, **parameters: Any) -> object:
    stream = router.stream_chat(model=route, messages=saying(token), **parameters)
    try:
        with stream:
            for chunk in stream:
                del chunk
                take -= 1
                if not take:
                    break
    except RouterError as error:
        return stream, error
    return stream


def explained_sync(router: Router, token: str, route: str, **parameters: Any) -> object:
    try:
        return router.explain(model=route, messages=saying(token), **parameters)
    except RouterError as error:
        return error


INVALID = {"temperature": "hot", "user_secret": 1}
ASYNC = {
    "whole": (whole, "ok"),
    **{f"whole, {how}": (whole, how) for how in WAYS[1:8]},
    "whole, after others": (whole, "next"),
    "whole, hedged": (whole, "hedged"),
    "whole, refused": (lambda router, token, route: whole(router, token, route, store=True), "ok"),
    "whole, invalid": (lambda router, token, route: whole(router, token, route, **INVALID), "ok"),
    "whole, unknown route": (whole, "none"),
    "whole, other tenant": (lambda router, token, route: whole(router, token, route, tenant="nobody"), "ok"),
    "whole, stricter": (lambda router, token, route: whole(router, token, route, policy=Policy(cache="none")), "ok"),
    "whole, cancelled": (cancelled, "long"),
    "whole, cancelled with a rival": (cancelled, "rivals"),
    "embeddings": (embedded, "ok"),
    "embeddings, broken": (embedded, "broken"),
    "stream": (streamed, "ok"),
    **{f"stream, {how}": (streamed, how) for how in WAYS[1:]},
    "stream, hedged": (streamed, "hedged"),
    "stream, left early": (lambda router, token, route: streamed(router, token, route, 2), "ok"),
    "stream, left while it is silent": (lambda router, token, route: streamed(router, token, route, 2), "quiet"),
    "stream, refused": (lambda router, token, route: streamed(router, token, route, store=True), "ok"),
    "stream, invalid": (lambda router, token, route: streamed(router, token, route, **INVALID), "ok"),
    "stream, given up": (given_up, "long"),
    "stream, given up in the middle": (given_up, "quiet"),
    "stream, never entered": (unentered, "ok"),
    "explained": (explained, "ok"),
    "explained, refused": (lambda router, token, route: explained(router, token, route, store=True), "ok"),
    "explained, invalid": (lambda router, token, route: explained(router, token, route, **INVALID), "ok"),
}


SYNC = {
    how: ({whole: whole_sync, embedded: embedded_sync, streamed: streamed_sync}[call], route)
    for how, (call, route) in ASYNC.items()
    if call in {whole, embedded, streamed}
} | {
    "whole, refused": (lambda router, token, route: whole_sync(router, token, route, store=True), "ok"),
    "whole, invalid": (lambda router, token, route: whole_sync(router, token, route, **INVALID), "ok"),
    "stream, left early": (lambda router, token, route: streamed_sync(router, token, route, 2), "ok"),
    "stream, left while it is silent": (lambda router, token, route: streamed_sync(router, token, route, 2), "quiet"),
    "stream, refused": (lambda router, token, route: streamed_sync(router, token, route, store=True), "ok"),
    "explained": (explained_sync, "ok"),
    "explained, refused": (lambda router, token, route: explained_sync(router, token, route, store=True), "ok"),
    "explained, invalid": (lambda router, token, route: explained_sync(router, token, route, **INVALID), "ok"),
}


@contextlib.contextmanager
def no_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def look(needles: Needles) -> dict[str, set[tuple[str, ...]]]:
    """What is held, by what was done: the kind of the object, and of what holds it."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for held in live_objects(needles):
        found.setdefault(held.canary, set()).add((held.kind, *held.holders))
    return found


def tokens(ways: dict[str, Any]) -> dict[str, str]:
    return {how: secrets.token_hex(8) for how in ways}


async def test_no_object_holds_content_after_a_call(deployment):
    known = tokens(ASYNC)
    needles = Needles(canaries(known))
    kept = []
    async with AsyncRouter(**deployment) as router:
        with no_collector():
            for how, (call, route) in ASYNC.items():
                kept.append(await call(router, known[how], route))
                await asyncio.sleep(0.02)
            assert look(needles) == {}
    assert len(kept) == len(ASYNC)


def test_no_object_holds_content_after_a_call_of_the_facade_without_await(deployment):
    known = tokens(SYNC)
    needles = Needles(canaries(known))
    kept = []
    with Router(**deployment) as router, no_collector():
        for how, (call, route) in SYNC.items():
            kept.append(call(router, known[how], route))
        time.sleep(0.1)
        assert look(needles) == {}
    assert len(kept) == len(SYNC)


def test_the_search_finds_what_a_caller_keeps(deployment):
    """This file would prove nothing if it saw nothing."""
    known = {"whole": secrets.token_hex(8)}
    needles = Needles(canaries(known))
    with Router(**deployment) as router:
        answer = [router.chat(model="ok", messages=saying(known["whole"]))]
        assert look(needles).keys() == {"whole: answer"}
    assert answer


async def test_no_object_holds_content_after_the_router_was_closed_under_calls(deployment):
    known = {"whole": secrets.token_hex(8), "stream": secrets.token_hex(8), "left": secrets.token_hex(8)}
    needles = Needles(canaries(known))
    with no_collector():
        async with AsyncRouter(**deployment) as router:
            tasks = [
                asyncio.create_task(whole(router, known["whole"], "long")),
                asyncio.create_task(streamed(router, known["stream"], "quiet")),
            ]
            stream = router.stream_chat(model="quiet", messages=saying(known["left"]))
            await stream.__aenter__()
            await asyncio.sleep(0.2)
        await asyncio.wait(tasks)
        with contextlib.suppress(RouterError):
            await stream.__aexit__(None, None, None)
        assert look(needles) == {}
    assert all(task.done() for task in tasks)
