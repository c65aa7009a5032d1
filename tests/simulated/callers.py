"""Those who ask: for whole answers, streams and embeddings, in every manner in which a caller can be difficult."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulated.declared import ROUTES
from simulated.journeys import CURRENT, Journey
from simulated.judging import CALL_POLICIES
from zdr_router.answers import ChatStream
from zdr_router.driver.asking import Ask
from zdr_router.driver.stream import StreamRun
from zdr_router.errors import Exhausted, InvalidRequest, Refused, StreamBroken
from zdr_router.policy.policy import Policy
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from simulated.fates import Kind
    from simulated.scenarios import Scenario

VARIATIONS: Mapping[str, dict[str, Any]] = {
    "plain": {},
    "cool": {"temperature": 0, "max_tokens": 5},
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
    "not stored": {"store": False},
    "stored": {"store": True},
    "mystery": {"no_such_parameter": 1},
    "only": {"provider": {"only": ["alder", "iris"]}},
    "order": {"provider": {"order": ["iris", "alder"]}},
    "no fallback": {"provider": {"allow_fallbacks": False}},
    "nothing left": {"provider": {"only": ["nobody"]}},
}
_FOR_EMBEDDINGS = frozenset({"plain", "only", "order", "no fallback", "mystery"})
_POLICIES = {name: None if each is None else Policy.model_validate(each) for name, each in CALL_POLICIES.items()}
_SECONDS = {name: float(each["timeout"].removesuffix("s")) for name, each in ROUTES.items()}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a caller behaves. Seconds; `reads` is after how many chunks of a stream it leaves."""

    timeout: float | None = None
    leaves_after: float | None = None
    reads: int | None = None
    pause: float = 0.0


PATIENT = Manner()


def manner(random: Random, difficult: float) -> Manner:
    """Of a caller who is difficult with that probability."""
    if random.random() >= difficult:
        return PATIENT
    kind = random.randrange(5)
    if kind == 0:
        return Manner(timeout=random.choice([0.0, -1.0, math.nan, 0.001, 0.05, 0.3, 1.0, 5.0, 1e9]))
    if kind == 1:
        return Manner(leaves_after=random.choice([0.0, 0.01, 0.1, 0.5, 2.0, 10.0]))
    if kind == 2:
        return Manner(reads=random.randrange(4))
    if kind == 3:
        return Manner(pause=random.choice([0.05, 0.5, 3.0]))
    return Manner(leaves_after=random.uniform(0.0, 1.0), pause=0.1)


def draw(number: int, worker: str, scenario: Scenario, random: Random, began: float) -> tuple[Journey, Manner]:
    """The next request, and how its caller behaves."""
    kind: Kind = random.choices(("chat", "stream", "embeddings"), (5, 4, 1))[0]
    route = random.choice(scenario.routes)
    variation, tenant, call_policy = "plain", None, ""
    if random.random() < scenario.variety:
        variation = random.choice(tuple(VARIATIONS))
        tenant = random.choice((None, "north", "south"))
        call_policy = random.choice(tuple(CALL_POLICIES))
    if kind == "embeddings" and variation not in _FOR_EMBEDDINGS:
        variation = "plain"
    said = f"journey {number}."
    content = {"input": said} if kind == "embeddings" else {"messages": [{"role": "user", "content": said}]}
    body = {"model": route, **content, **VARIATIONS[variation]}
    if kind == "stream":
        body["stream"] = True
    how = manner(random, scenario.difficult)
    timeout = _SECONDS[route]
    if how.timeout is not None and not math.isnan(how.timeout):
        timeout = min(timeout, how.timeout)
    deadline = began + timeout
    journey = Journey(number, worker, kind, route, variation, tenant, call_policy, body, began, deadline, random)
    return journey, how


async def travel(worker: Any, journey: Journey, how: Manner) -> None:
    """Ask, and note what comes of it. Whatever else is raised is a fault of the router's."""
    CURRENT.set(journey)
    endpoint = "embeddings" if journey.kind == "embeddings" else "chat.completions"
    policy = _POLICIES[journey.call_policy]
    ask = Ask(endpoint, Sealed(journey.body), journey.kind == "stream", journey.tenant, None, policy, how.timeout)
    try:
        if journey.kind == "stream":
            await _listen(worker, ask, journey, how)
        else:
            answer, journey.metadata = await worker.engine.answer(ask, lambda: worker.running)
            journey.heard.append(_voice(answer.body.open()))
            journey.verdict = "answered"
    except (Refused, Exhausted, InvalidRequest, StreamBroken) as error:
        journey.verdict, journey.metadata = type(error).__name__, error.metadata
    except asyncio.CancelledError:
        journey.verdict = "cancelled"


def _voice(body: Any) -> str:
    """Which attempt an answer is made of."""
    if body["object"] == "list":
        return ".".join(f"{part:.0f}" for part in body["data"][0]["embedding"])
    text: str = body["choices"][0]["message"]["content"]
    return text


async def _listen(worker: Any, ask: Ask, journey: Journey, how: Manner) -> None:
    stream = ChatStream(StreamRun(worker.engine, lambda: worker.running, ask))
    loop = asyncio.get_running_loop()
    try:
        async with stream:
            read = 0
            while how.reads is None or read < how.reads:
                chunk = await stream.next_chunk()
                if chunk is None:
                    journey.verdict = "answered"
                    break
                read += 1
                journey.heard += _words(chunk)
                if how.pause:
                    since = loop.time()
                    try:
                        await asyncio.sleep(how.pause)
                    finally:
                        journey.paused += loop.time() - since
            else:
                journey.verdict = "left early"
    finally:
        if journey.verdict in {"answered", "left early"}:
            journey.metadata = stream.metadata


def _words(chunk: Any) -> list[str]:
    return [word for choice in chunk["choices"] for word in (choice["delta"].get("content") or "").split()]
