"""The public interface, spelled for the type checker. Checked, never run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import assert_type

from zdr_router import (
    Account,
    AsyncRouter,
    AttestationError,
    ChatCompletion,
    ChatStream,
    ConfigError,
    Embeddings,
    ErrorCode,
    Exhausted,
    Explanation,
    Grant,
    InvalidRequest,
    Metadata,
    Policy,
    Refusal,
    Refused,
    Registry,
    RouteEntry,
    Router,
    RouterError,
    Signal,
    StreamBroken,
    Tenant,
)
from zdr_router.answers import Planned
from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody, EmbeddingsBody
from zdr_router.errors import Problem
from zdr_router.metadata import AttemptRecord, Outcome
from zdr_router.sync import SyncChatStream


class Recorder:
    """What records leave through: one method."""

    def record(self, metadata: Metadata) -> None:
        """Keep it."""
        assert_type(metadata.as_dict(), dict[str, object])


def build() -> AsyncRouter:
    """From values."""
    day = dt.date(2026, 11, 22)
    account = Account(
        configuration="llama-cpp/self-operated",
        base_url="http://127.0.0.1:8081/v1",
        grant=Grant(basis="self_operated", stated_by="platform team", since=day, until=day),
    )
    return AsyncRouter(
        registry=Registry.shipped(),
        policy=Policy(minimum_grade="contracted", cache="host_memory", regions=["us", "on_premises"]),
        accounts={"local": account},
        routes={"assistant": ["local/gemma"], "bounded": RouteEntry(targets=["local/gemma"], max_attempts=2)},
        tenants={"acme": Tenant(policy=Policy(regions=["us"]), accounts=["local"])},
        recorders=[Recorder()],
        environ={"KEY": "value"},
    )


def build_from_files() -> None:
    """From the operator's file, and a registry from files."""
    assert_type(AsyncRouter.from_config("zdr.yaml"), AsyncRouter)
    assert_type(AsyncRouter.from_config(Path("zdr.yaml"), recorders=[Recorder()], environ={}), AsyncRouter)
    assert_type(Router.from_config("zdr.yaml"), Router)
    assert_type(AsyncRouter.from_config("zdr.yaml", watch=True), AsyncRouter)
    Router.from_config("zdr.yaml", watch=True).reload()
    assert_type(Registry.load(["providers"], overlays=[Path("overlay.yaml")]), Registry)


async def ask(router: AsyncRouter) -> None:
    """Whole answers, streams, vectors, explanations."""
    messages = [{"role": "user", "content": "hello"}]
    async with router as opened:
        await opened.reload()
        await opened.reload(router.deployment)
        assert_type(opened, AsyncRouter)
        answer = await router.chat(
            model="assistant",
            messages=messages,
            tenant="acme",
            customer="c-17",
            policy=Policy(regions=["us"]),
            timeout=30.0,
            temperature=0,
            tools=[{"type": "function", "function": {"name": "weather"}}],
        )
        assert_type(answer, ChatCompletion)
        assert_type(answer.text, str)
        assert_type(answer.body, ChatCompletionBody)
        assert_type(answer.metadata, Metadata)
        stream = router.stream_chat(model="assistant", messages=messages, temperature=0)
        assert_type(stream, ChatStream)
        async with stream as entered:
            assert_type(entered, ChatStream)
            async for chunk in stream:
                assert_type(chunk, ChatChunk)
                assert_type(chunk["choices"][0]["delta"].get("content"), str | None)
            assert_type(await stream.next_chunk(), ChatChunk | None)
        assert_type(stream.metadata, Metadata)
        vectors = await router.embed(model="embedder", input=["one", "two"], dimensions=64)
        assert_type(vectors, Embeddings)
        assert_type(vectors.body, EmbeddingsBody)
        assert_type(vectors.vectors, list[list[float] | str])
        router.trust.revoke("account:local", "the key leaked")
        router.trust.release("account:local", "the key was replaced")


def explain(router: AsyncRouter | Router) -> None:
    """What would happen."""
    explanation = router.explain(model="assistant", tools=[])
    assert_type(explanation, Explanation)
    assert_type(explanation.planned, tuple[Planned, ...])
    assert_type(explanation.refusals, tuple[Refusal, ...])
    assert_type(explanation.refused_targets, tuple[str, ...])
    assert_type(explanation.resting, tuple[str, ...])
    for refusal in explanation.refusals:
        assert_type(refusal.public(), dict[str, str])
        assert_type((refusal.id, refusal.target, refusal.sentence, refusal.fix), tuple[str, str, str, str])


def take_out(router: AsyncRouter | Router) -> None:
    """By hand."""
    router.isolate("local/model")
    router.restore("local/model")


def ask_without_await(router: Router) -> None:
    """The same, for scripts."""
    with router as opened:
        assert_type(opened, Router)
        assert_type(router.chat(model="assistant", messages=[{"role": "user", "content": "hi"}]), ChatCompletion)
        assert_type(router.embed(model="embedder", input="one"), Embeddings)
        with router.stream_chat(model="assistant", messages=[]) as stream:
            assert_type(stream, SyncChatStream)
            for chunk in stream:
                assert_type(chunk, ChatChunk)
        assert_type(stream.metadata, Metadata)


def catch(router: Router) -> None:
    """Every error has a public name, and says what happened in typed attributes."""
    try:
        router.chat(model="assistant", messages=[])
    except InvalidRequest as error:
        assert_type(error.param, str | None)
        assert_type(error.status, int)
        assert_type(error.metadata, Metadata | None)
    except Refused as error:
        assert_type(error.refusals, tuple[Refusal, ...])
        assert_type(error.metadata, Metadata)
    except Exhausted as error:
        assert_type(error.attempts, tuple[AttemptRecord, ...])
        assert_type(error.metadata.error_code, ErrorCode | None)
        assert_type(error.attempts[0].outcome, Outcome)
    except StreamBroken as error:
        assert_type(error.metadata, Metadata)
    except ConfigError as error:
        assert_type(error.problems, tuple[Problem, ...])
    except AttestationError as error:
        assert_type(str(error), str)
    except RouterError:
        raise


def read(metadata: Metadata) -> None:
    """What a record says."""
    assert_type(metadata.request_id, str)
    assert_type(metadata.status, int)
    assert_type(metadata.signals, tuple[Signal, ...])
    assert_type(metadata.target, str | None)
    assert_type(metadata.tenant, str | None)
    assert_type(metadata.input_tokens, int | None)
    assert_type(metadata.price, float | None)
    assert_type(metadata.duration_ms, float)
    assert_type(metadata.attempts, tuple[AttemptRecord, ...])
    assert_type(metadata.refusals, tuple[Refusal, ...])
