"""What a wire format costs: writing a cleared chat of 2 kB, reading it at the guard, and reading an answer of 2 kB.

`python -m benchmarks.codecs [ROUNDS]` prints the medians in µs of CPU, by dialect, and the ratios to `openai`; the
dearest dialect is `codec_litellm_vs_openai`. No socket is opened. It needs litellm, whose import is not counted.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
import sys
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from benchmarks.loads import LOADS
from zdr_router import Account, AsyncRouter, Policy, Registry, RouteEntry
from zdr_router.dialects.base import Codec, Decoded, Head
from zdr_router.dialects.litellm.codecs import make_codecs
from zdr_router.dialects.litellm.library import load
from zdr_router.driver.attempt import Sender
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import guard
from zdr_router.policy.request import Request
from zdr_router.policy.trust import Trust
from zdr_router.registry import Configuration, Provider, Source
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.sealed import Sealed
from zdr_router.state.trust import MemoryTrust

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL: Final = "claude-sonnet-4-5"
HEAD: Final = Head("chatcmpl-0123456789abcdef01234567", 1, "assistant")
_SAID: Final = "lorem ipsum " * 160
_ROUNDS: Final = 40
_CALLS: Final = 50
_USAGE: Final = {"prompt_tokens": 500, "completion_tokens": 400, "total_tokens": 900}
_OPENAI: Final = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": _SAID}, "finish_reason": "stop"}],
    "usage": _USAGE,
}
_MESSAGES: Final = {
    "type": "message",
    "content": [{"type": "text", "text": _SAID}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 500, "output_tokens": 400},
}
_GOOGLE: Final = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": _SAID}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 500, "candidatesTokenCount": 400},
}
_ANSWERS: Final[Mapping[str, object]] = {
    "openai": _OPENAI,
    "litellm:azure": _OPENAI,
    "litellm:watsonx": _OPENAI,
    "litellm:anthropic": _MESSAGES,
    "litellm:azure_anthropic": _MESSAGES,
    "litellm:vertex_anthropic": _MESSAGES,
    "litellm:gemini": _GOOGLE,
    "litellm:vertex_ai": _GOOGLE,
    "litellm:bedrock": {
        "output": {"message": {"role": "assistant", "content": [{"text": _SAID}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 500, "outputTokens": 400},
    },
    "litellm:cohere": {
        "message": {"role": "assistant", "content": [{"type": "text", "text": _SAID}]},
        "finish_reason": "COMPLETE",
        "usage": {"tokens": {"input_tokens": 500, "output_tokens": 400}},
    },
}


class RoundTrip:
    """One dialect's way from a cleared request to bytes, and from bytes to an answer."""

    def __init__(self, dialect: str, codecs: Mapping[str, Codec]) -> None:
        """Clear a request for it."""
        self._clearance = _cleared(dialect)
        self._payload = json.dumps(_ANSWERS[dialect]).encode()
        # Never opened: only what comes before and after the transport is run.
        self._sender = Sender(None, MemoryTrust(), time.time, codecs=codecs)  # type: ignore[arg-type]

    def run(self) -> None:
        """Write, guard and read; anything that is not the round trip to be measured is an error."""
        sender, clearance = self._sender, self._clearance
        wire = sender._encode(clearance, stream=False)  # noqa: SLF001 - the driver's own step
        now = clearance.standing.at
        dispatch = guard(wire, clearance, now=now, trust=Trust()) if isinstance(wire, tuple) else None
        decoded = sender.codec(clearance).decode(self._payload, HEAD)
        if not isinstance(dispatch, Dispatch) or not isinstance(decoded, Decoded):
            message = f"{clearance.target.configuration.dialect} did not make the round trip"
            raise TypeError(message)


def _cleared(dialect: str) -> Clearance:
    today = dt.datetime.now(dt.UTC).date()
    made = Configuration.model_validate(
        {
            "id": "p/c",
            "title": "An API that keeps nothing",
            "dialect": dialect,
            "mechanism": {"kind": "default", "fail_mode": "closed"},
            "hosts": ["https://api.example.com/v1"],
            "credentials": {"auth": "none"},
            "endpoints": ["chat.completions"],
            "regions": ["us"],
            "flags": dict.fromkeys(
                (
                    "stores_prompts",
                    "stores_outputs",
                    "logs_content",
                    "trains_on_content",
                    "human_review",
                    "shares_or_sells",
                ),
                "no",
            ),
            "cache": {"medium": "none"},
            "models": [{"id": MODEL, "features": ["stream"]}],
            "attestation": {
                "observed": today.isoformat(),
                "expires": (today + dt.timedelta(days=30)).isoformat(),
                "evidence": [{"kind": "terms", "locator": "1", "observed": today.isoformat(), "confidence": "high"}],
            },
        }
    )
    provider = Provider(id="p", name="P", legal_entity="P, Inc.", country="US")
    registry = Registry(
        providers=MappingProxyType({"p": provider}),
        configurations=MappingProxyType({made.id: made}),
        sources=MappingProxyType({made.id: Source("p.yaml", {"": 1})}),
        unsafe=MappingProxyType({}),
    )
    policy = Policy(minimum_grade="documented")
    account = Account(configuration=made.id, scope={"project": "p"})
    router = AsyncRouter(
        registry=registry,
        policy=policy,
        accounts={"a": account},
        routes={"assistant": RouteEntry(targets=[f"a/{MODEL}"])},
    )
    body = {"model": "assistant", "messages": LOADS["chat_c32"].prompt().messages(), "temperature": 0}
    clearing = Clearing(dialects=frozenset({"openai", *DIALECTS}), salt_key=bytes(32))
    request = Request.of("chat.completions", Sealed(body))
    (target,) = router.deployment.routes["assistant"].targets
    verdict = clearing.clear(target, request, policy.complete(), Trust(), time.time())
    if not isinstance(verdict, Clearance):
        message = f"{dialect} is refused: {'; '.join(map(str, verdict))}"
        raise TypeError(message)
    return verdict


def compare(rounds: int = _ROUNDS) -> dict[str, Any]:
    """µs of CPU by dialect, medians over rounds in which each has its turn; then the ratios to `openai`."""
    codecs = make_codecs(load())
    trips = {dialect: RoundTrip(dialect, codecs) for dialect in _ANSWERS}
    taken: dict[str, list[float]] = {dialect: [] for dialect in trips}
    for number in range(rounds + 1):
        for dialect, trip in trips.items():
            began = time.process_time()
            for _ in range(_CALLS):
                trip.run()
            if number:  # the first round fills what is looked up once
                taken[dialect].append((time.process_time() - began) / _CALLS)
    micros = {dialect: round(statistics.median(times) * 1e6, 2) for dialect, times in taken.items()}
    ratios = {
        dialect: round(statistics.median(a / b for a, b in zip(times, taken["openai"], strict=True)), 3)
        for dialect, times in taken.items()
    }
    return {"codec_us": micros, "codec_vs_openai": ratios, "codec_litellm_vs_openai": max(ratios.values())}


if __name__ == "__main__":
    print(json.dumps(compare(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)))
