"""Only names that configuration knows are recorded: what a caller or a provider writes where names stand is not."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import upstream as up
from deployments import acme, configuration
from telemetry_told import Told
from test_no_content import leaks
from upstream import Upstream

from zdr_router import Policy, RouterError, Tenant
from zdr_router.logs import JsonFormatter, event_of
from zdr_router.policy.secrets import SecretSource

CANARY = "canary93b1"
KEY = f"sk-{CANARY}-key"
ASKED: dict[str, Any] = {
    "model": "chat",
    "messages": [
        {"role": "user", "content": CANARY},
        {
            "role": "assistant",
            "tool_calls": [{"id": CANARY, "type": "function", "function": {"name": CANARY, "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": CANARY, "content": CANARY},
    ],
    "tools": [{"type": "function", "function": {"name": CANARY, "description": CANARY}}],
    "tool_choice": {"type": "function", "function": {"name": CANARY}},
    "response_format": {"type": "json_schema", "json_schema": {"name": CANARY, "schema": {"title": CANARY}}},
    "stop": [CANARY],
}
SMUGGLED: dict[str, dict[str, Any]] = {
    "plain": {},
    "route": {"model": CANARY},
    "tenant": {"tenant": CANARY},
    "customer": {"customer": f"{CANARY} {CANARY}"},
    "key": {"key": f"{CANARY} {CANARY}"},
    "user": {"user": CANARY},
    "safety_identifier": {"safety_identifier": CANARY},
    "metadata": {"metadata": {CANARY: CANARY}},
    "participant": {"messages": [{"role": "user", "content": "hi", "name": CANARY}]},
    "preferences": {"provider": {"only": [CANARY], "order": [CANARY]}},
    "parameter": {CANARY: CANARY},
    "request id": {"extra_headers": {"x-request-id": CANARY}},
    "stored answer": {"previous_response_id": CANARY},
    "cache key": {"prompt_cache_key": CANARY},
}
# What providers send along with answers, and whatever else one could think of.
HEADERS = dict.fromkeys(
    (
        *("x-request-id", "request-id", "openai-organization", "openai-project", "openai-processing-ms", "cf-ray"),
        *("openai-version", "x-ratelimit-limit-requests", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests"),
        *("retry-after", "retry-after-ms", "server", "via", "set-cookie", "etag", "location", "warning", "x-model"),
        *("traceparent", "tracestate", "baggage", f"x-{CANARY}"),
    ),
    CANARY,
)
CALLED = [{"id": CANARY, "type": "function", "function": {"name": CANARY, "arguments": CANARY}}]
NAMED = {"id": CANARY, "model": CANARY, "system_fingerprint": CANARY, "service_tier": CANARY, "provider": CANARY}
OUTCRY = {"error": dict.fromkeys(("message", "type", "code", "param"), CANARY), "request_id": CANARY}
ANSWERS = {
    "answer": up.says({**up.completion(CANARY), **NAMED, CANARY: CANARY}, headers=HEADERS),
    "error": up.status(400, OUTCRY, headers=HEADERS),
    "failure": up.status(500, OUTCRY, headers=HEADERS),
    "limit": up.status(429, OUTCRY, headers=HEADERS),
    "redirect": up.redirect(307, f"http://127.0.0.1:9/{CANARY}?{CANARY}={CANARY}"),
    "stream": up.stream([{**chunk, **NAMED} for chunk in up.chunks([CANARY])]),
    "broken stream": up.stream_then([{**chunk, **NAMED} for chunk in up.chunks([CANARY], finish=None)], up.Call.finish),
}


class Kept:
    def __init__(self):
        self.all = []

    def record(self, metadata):
        self.all.append(json.dumps(metadata.as_dict()) + repr(metadata))


def deployed(server: Upstream, kept: Kept, told: Told):
    one = configuration(
        hosts=[server.url],
        credentials={"auth": "bearer"},
        conditions={"permit": ["end_user", "labels", "participant_name", "cache_key"]},
    )
    return acme(
        [one],
        policy=Policy(minimum_grade="documented", identifiers="pseudonym"),
        tenants={"acme": Tenant()},
        api_key=SecretSource(env="KEY"),
        environ={"KEY": KEY},
        recorders=[kept, told.recorder],
    )


async def ask(open_router: Any, asked: dict[str, Any], *, stream: bool) -> BaseException | None:
    try:
        if not stream:
            await open_router.chat(**asked)
            return None
        async with open_router.stream_chat(**asked) as each:
            async for _ in each:
                pass
    except RouterError as error:
        return error
    return None


def found(caplog, kept: Kept, told: Told, error: BaseException | None) -> list[str]:
    """Where the canary is, in everything that outlives a call."""
    places = {"record": "".join(kept.all), "telemetry": told.everything(), "log": caplog.text}
    for number, record in enumerate(caplog.records):
        places[f"log record {number}"] = repr(vars(record)) + JsonFormatter().format(record) + repr(event_of(record))
    return [name for name, text in places.items() if CANARY in text] + ([] if error is None else leaks(error))


@pytest.mark.parametrize("how", ANSWERS)
@pytest.mark.parametrize("part", SMUGGLED)
async def test_no_name_that_a_caller_or_a_provider_chose_is_recorded(part, how, caplog):
    caplog.set_level(logging.DEBUG)
    kept, told = Kept(), Told()
    async with Upstream(otherwise=ANSWERS[how]) as server, deployed(server, kept, told) as open_router:
        error = await ask(open_router, {**ASKED, **SMUGGLED[part]}, stream="stream" in how)
        reached = len(server.requests)
    assert kept.all
    assert told.spans
    assert found(caplog, kept, told, error) == []
    assert reached == (1 if part in REACH else 0)
    told.close()


REACH = {"plain", "user", "safety_identifier", "participant", "cache key"}
"""Those requests of which something leaves, so that the provider's answer comes back."""


def test_the_detector_detects(caplog):
    kept, told = Kept(), Told()
    assert found(caplog, kept, told, None) == []
    logging.getLogger("zdr_router").warning("it happened target=%s", CANARY)
    kept.all.append(CANARY)
    told.recorder.health_changed(CANARY, "ejected")
    assert found(caplog, kept, told, ValueError(CANARY))[:4] == ["record", "telemetry", "log", "log record 0"]
    assert len(found(caplog, kept, told, ValueError(CANARY))) > 4
    told.close()
