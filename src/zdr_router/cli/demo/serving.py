"""The acts in which requests are served: two servers, answers, a stream, caches kept apart, and a fallback."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import aiohttp
from rich.text import Text

from zdr_router.cli.demo import world
from zdr_router.cli.demo.local_model import LocalServer, engine_version, weights
from zdr_router.cli.demo.scene import Writer
from zdr_router.cli.demo.stage import JOURNAL, LINE_END, LONG, MAX_TOKENS, SERVER_LOGS, SHORT, Stage, messages
from zdr_router.config import load
from zdr_router.metadata import Metadata, Outcome
from zdr_router.records.journal import Journal
from zdr_router.router import AsyncRouter

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from zdr_router.answers import ChatCompletion
    from zdr_router.cli.demo.scene import Act, Scene


async def open_stage(scene: Scene, stack: AsyncExitStack, directory: Path, scratch: Path) -> Stage:
    """Start two servers and open a router over them; `stack` stops and closes everything."""
    with scene.act(1, "Two model servers on this machine, each a process of its own") as act:
        with scene.waiting("putting the weights together (253 MB)") as tell:
            file = await asyncio.to_thread(weights, scratch)
            one, two = await _servers(stack, file, directory, tell)
            # A server keeps the file open for as long as it runs; so no death of this process leaves it behind.
            file.unlink()
        stage = await _deployment(stack, directory, (one, two))
        act.pairs(
            {
                "server one": f"{one.base_url}, process {one.pid}",
                "server two": f"{two.base_url}, process {two.pid}",
                "engine": f"llama.cpp {engine_version()}",
                "model": f"{world.MODEL}, under the Gemma terms: ai.google.dev/gemma/terms",
                "declared in": stage.world.operator_file,
            }
        )
        act.gap()
        act.say(_excerpt(stage.world.operator_file), "dim")
        act.gap()
        act.check("two processes run and listen on 127.0.0.1", held=_apart(one, two))
        act.facts["servers"] = [{"base_url": each.base_url, "pid": each.pid} for each in (one, two)]
        act.facts["engine"] = engine_version()
        act.facts["operator_file"] = str(stage.world.operator_file)
        act.summary = "two real llama.cpp servers, each a process of its own"
    return stage


async def converse(scene: Scene, stage: Stage) -> None:
    """Answer a chat and a streamed chat, and show that tenants share no cached prefix."""
    with scene.act(3, "A chat, a stream, and two tenants that share no cache") as act:
        await _chat(scene, act, stage)
        act.gap()
        await _stream(act, stage)
        act.gap()
        await _tenants_apart(scene, act, stage)
        act.summary = "a chat, a stream, and 0 cached tokens from one tenant to the next"


async def fall_back(scene: Scene, stage: Stage) -> None:
    """Kill the first server, and ask again."""
    with scene.act(4, "The first server dies; the second answers") as act:
        with scene.waiting("killing server one (SIGKILL), then asking again"):
            await stage.servers[0].kill()
            answer = await _short_answer(stage)
        stage.answers.append(answer.text)
        stage.keep("fallback answer", answer)
        act.quote("answer", answer.text)
        _show_metadata(act, answer.metadata)
        act.gap()
        *dead, last = answer.metadata.attempts
        tried = [attempt.target for attempt in answer.metadata.attempts]
        nothing = [(attempt.outcome, attempt.sent) for attempt in dead] == [(Outcome.UNREACHABLE, "no")] * 2
        act.check("every attempt is on record, in order", held=list(dict.fromkeys(tried)) == list(world.CLEARED))
        act.check("the dead server was tried twice and got nothing", held=nothing)
        act.check("the other cleared target answered", held=last.outcome is Outcome.OK)
        act.facts["metadata"] = answer.metadata.as_dict()
        act.facts["answer"] = answer.text
        act.summary = f"server one killed; server two answered in {answer.metadata.duration_ms:.0f} ms"


async def _servers(
    stack: AsyncExitStack, file: Path, directory: Path, tell: Callable[[str], None]
) -> tuple[LocalServer, LocalServer]:
    async def start(log: str) -> LocalServer:
        name = log.removesuffix(".log")
        server = await LocalServer.start(
            world.MODEL,
            weights=file,
            log=directory / log,
            on_progress=lambda text: tell(text.replace(world.MODEL, name, 1)),
        )
        stack.push_async_callback(server.stop)
        return server

    # A group, so that the failure of one server also ends the start of the other.
    try:
        async with asyncio.TaskGroup() as group:
            one, two = (group.create_task(start(log)) for log in SERVER_LOGS)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return one.result(), two.result()


async def _deployment(stack: AsyncExitStack, directory: Path, servers: tuple[LocalServer, LocalServer]) -> Stage:
    one, two = servers
    today = dt.datetime.now(dt.UTC).date()
    written = world.write_world(directory, today=today, one=one.base_url, two=two.base_url, engine=engine_version())
    journal = Journal(directory / JOURNAL)
    stack.callback(journal.close)
    # No environment: a key that happens to be in it has no business here.
    deployment = load(written.operator_file, environ={})
    router = await stack.enter_async_context(AsyncRouter.of(deployment, recorders=[journal]))
    return Stage(written, router, servers, journal)


async def _chat(scene: Scene, act: Act, stage: Stage) -> None:
    with scene.waiting("generating"):
        answer = await _short_answer(stage)
    stage.answers.append(answer.text)
    stage.keep("answer", answer)
    stage.keep("answer's metadata", answer.metadata)
    act.quote("prompt", SHORT)
    act.quote("answer", answer.text)
    _show_metadata(act, answer.metadata)
    act.gap()
    act.check("a cleared target answered the chat", held=bool(answer.text) and answer.metadata.target == world.ONE)
    act.facts["chat"] = {"answer": answer.text, "metadata": answer.metadata.as_dict()}


async def _short_answer(stage: Stage) -> ChatCompletion:
    return await stage.router.chat(
        model=world.ROUTE,
        messages=messages(SHORT),
        tenant=world.TENANT,
        temperature=0,
        max_tokens=MAX_TOKENS,
        stop=LINE_END,
    )


async def _stream(act: Act, stage: Stage) -> None:
    act.quote("prompt", LONG)
    writer = Writer(act.console, "stream")
    pieces: list[str] = []
    async with stage.router.stream_chat(
        model=world.ROUTE, messages=messages(LONG), tenant=world.TENANT, temperature=0, max_tokens=MAX_TOKENS
    ) as stream:
        async for chunk in stream:
            for choice in chunk["choices"]:
                piece = choice["delta"].get("content") or ""
                pieces.append(piece)
                writer.write(piece)
    writer.end()
    text, metadata = "".join(pieces), stream.metadata
    stage.answers.append(text)
    stage.keep("stream", stream)
    _show_metadata(act, metadata)
    act.gap()
    came = sum(map(bool, pieces))
    first = metadata.first_chunk_ms
    act.check(f"the stream came in {came} pieces", held=came > 1)
    act.check(
        "its metadata is complete, with the time of the first piece",
        held=metadata.target == world.ONE and first is not None and first < metadata.duration_ms,
    )
    act.facts["stream"] = {"answer": text, "pieces": came, "metadata": metadata.as_dict()}


async def _tenants_apart(scene: Scene, act: Act, stage: Stage) -> None:
    """The same long prompt: twice past the router, then by two tenants through it."""
    forced = _what_is_forced(stage.router)
    with scene.waiting("asking server one the same again, past the router and through it"):
        direct = [await _past_the_router(stage, LONG) for _ in range(2)]
        routed = {tenant: await _through_the_router(stage, tenant) for tenant in (world.TENANT, world.OTHER_TENANT)}
    kept, size = direct[1]
    second = routed[world.OTHER_TENANT].cached_tokens
    act.say("The same prompt again, and what server one says that it had kept of it (cached_tokens):")
    rows: dict[str, object] = {"past the router, second time": f"{kept} of {size} tokens"}
    for tenant, metadata in routed.items():
        rows[f"through it, tenant {tenant}"] = f"{metadata.cached_tokens} of {metadata.input_tokens} tokens"
    rows["because the router sets"] = Text(", ".join(f"{name}: {str(value).lower()}" for name, value in forced.items()))
    act.pairs(rows)
    act.gap()
    act.check(f"asked directly, the server reused a prefix: {kept} of {size} tokens", held=0 < kept <= size)
    act.check(f"the second tenant saw {second} cached tokens", held=second == 0)
    act.facts["caching"] = {
        "past_the_router": [{"cached_tokens": cached, "input_tokens": tokens} for cached, tokens in direct],
        "through_the_router": {name: metadata.cached_tokens for name, metadata in routed.items()},
        "forced": forced,
    }


async def _through_the_router(stage: Stage, tenant: str) -> Metadata:
    answer = await stage.router.chat(
        model=world.ROUTE, messages=messages(LONG), tenant=tenant, temperature=0, max_tokens=2
    )
    return answer.metadata


async def _past_the_router(stage: Stage, text: str) -> tuple[int, int]:
    """Ask server one itself; give the tokens that it had kept, and those of the prompt."""
    request = {"model": world.MODEL, "messages": messages(text), "temperature": 0, "max_tokens": 2}
    url = f"{stage.servers[0].base_url}/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(url, json=request, raise_for_status=True) as answer:
        body: dict[str, Any] = await answer.json()
    usage = body["usage"]
    return usage["prompt_tokens_details"]["cached_tokens"], usage["prompt_tokens"]


def _what_is_forced(router: AsyncRouter) -> dict[str, object]:
    """The parameters that keep tenants apart at the local servers, and their values."""
    isolation = router.deployment.registry.configurations[world.LOCAL].cache.isolation
    return dict((isolation and isolation.off) or {})


def _excerpt(operator_file: Path) -> str:
    """The policy and the first account, as they stand in the file."""
    lines = operator_file.read_text(encoding="utf-8").splitlines()
    first, last = lines.index("policy:"), lines.index("  two:")
    return "\n".join([*lines[first:last], "  \u2026"])


def _apart(one: LocalServer, two: LocalServer) -> bool:
    both = (one, two)
    return one.pid != two.pid and all(each.running and each.base_url.startswith("http://127.0.0.1:") for each in both)


def _show_metadata(act: Act, metadata: Metadata) -> None:
    first = f", first piece after {metadata.first_chunk_ms:.0f} ms" if metadata.first_chunk_ms is not None else ""
    attempts = "; ".join(_attempt(attempt._asdict()) for attempt in metadata.attempts)
    act.pairs(
        {
            "target": f"{metadata.target}, HTTP {metadata.status}, {metadata.duration_ms:.0f} ms{first}",
            "attested": f"{metadata.configuration} {(metadata.attestation or '')[:19]}…",
            "attempts": attempts,
            "tokens": f"{metadata.input_tokens} in, {metadata.output_tokens} out, {metadata.cached_tokens} cached",
        }
    )


def _attempt(attempt: dict[str, Any]) -> str:
    what = "nothing sent" if attempt["sent"] == "no" else f"HTTP {attempt['http_status']}"
    return f"{attempt['target']} {attempt['outcome']} ({what})"
