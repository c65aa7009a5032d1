"""The tools: how each is described to clients, and how a call becomes a result. No call raises what went wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from zdr_router.errors import RouterError
from zdr_router.hosts.mcp import looking, results
from zdr_router.hosts.mcp.arguments import (
    Arguments,
    AskArguments,
    CheckArguments,
    ExplainArguments,
    NoArguments,
    read,
    schema,
)
from zdr_router.hosts.mcp.asking import Progress, ask
from zdr_router.hosts.mcp.telling import told
from zdr_router.metadata import ErrorCode
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.hosts.mcp.caller import Caller
    from zdr_router.router import AsyncRouter

log = logging.getLogger("zdr_router")

ENDPOINT: Final = "chat.completions"
"""What `ask` is, in records and in the scopes of keys."""

_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True)
class Described:
    """A tool as clients are told of it. `reaches_out`: something is sent to a provider."""

    name: str
    title: str
    description: str
    takes: type[Arguments]
    gives: type[results.Result]
    reaches_out: bool = False

    def listed(self) -> Tool:
        """What `tools/list` says of it."""
        hints = ToolAnnotations(
            title=self.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=not self.reaches_out,
            open_world_hint=self.reaches_out,
        )
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=schema(self.takes),
            output_schema=self.gives.model_json_schema(mode="serialization"),
            annotations=hints,
        )


_TOOLS: Final = (
    Described(
        "ask",
        "Ask a model that keeps nothing",
        "Ask a language model. Only providers that are cleared under the operator's policy are asked: neither question"
        " nor answer is kept. Where none may be asked the call is refused with the reasons, and nothing is sent.",
        AskArguments,
        results.Answer,
        reaches_out=True,
    ),
    Described(
        "explain_route",
        "Explain a route",
        "Who would serve a request on a route now, in order, and why everybody else may not. Nothing is sent.",
        ExplainArguments,
        results.Explained,
    ),
    Described(
        "list_models",
        "List routes and models",
        "The routes that can be asked now, with the configurations and models behind each. Nothing is sent.",
        NoArguments,
        results.Models,
    ),
    Described(
        "check_registry",
        "Check the registry",
        "What is wrong with what is declared of the providers in use, or will lapse within 30 days. Nothing is sent.",
        CheckArguments,
        results.Checked,
    ),
)
TOOLS: Final[Mapping[str, Described]] = {each.name: each for each in _TOOLS}


async def call(
    router: AsyncRouter, name: str, given: Sealed[dict[str, Any]], caller: Caller, progress: Progress | None
) -> CallToolResult:
    """The result of a call to one of `TOOLS`. What went wrong is a result too, in public words.

    What was given is empty afterwards: where a call is given up the SDK's names for it outlive the call.
    """
    began = time.monotonic()
    arguments = _read(name, given)
    given.open().clear()
    if isinstance(arguments, str):
        if name == "ask":
            _turned_away(router, caller, began)
        return failed(f"invalid_request: {arguments}")
    try:
        return await _run(router, arguments, caller, progress, began)
    except RouterError as error:
        caller.metadata = getattr(error, "metadata", None) or caller.metadata
        sentence = told(error)
    except asyncio.CancelledError as left:
        del arguments  # whoever keeps the error keeps the names of the frames that it came through
        raise left.with_traceback(None) from None
    except Exception as error:  # noqa: BLE001 - a traceback would show what the names of its frames stand for
        log.error("a tool failed tool=%s kind=%s", name, type(error).__name__)  # noqa: TRY400 - as above
        sentence = "internal: the tool failed"
    return failed(sentence)


def failed(sentence: str) -> CallToolResult:
    """A result that says that a call failed, and why."""
    return CallToolResult(content=[TextContent(type="text", text=sentence)], is_error=True)


def _read(name: str, given: Sealed[dict[str, Any]]) -> Sealed[Arguments] | str:
    found = read(TOOLS[name].takes, given.open())
    return found if isinstance(found, str) else Sealed(found)


async def _run(
    router: AsyncRouter, arguments: Sealed[Arguments], caller: Caller, progress: Progress | None, began: float
) -> CallToolResult:
    match arguments.open():
        case AskArguments(route=route):
            if not caller.may_ask(route):
                _turned_away(router, caller, began)
                return failed("invalid_request: the call does not ask what was admitted")
            return _answered(await ask(router, cast("Sealed[AskArguments]", arguments), caller, progress))
        case ExplainArguments() as asked:
            if not caller.may_know(asked.route):
                return failed("invalid_request: the call does not explain what was admitted")
            return _given(looking.explain(router, asked, caller))
        case CheckArguments(everything=everything):
            return _given(await asyncio.to_thread(looking.check, router, caller, everything=everything))
        case _:
            return _given(looking.models(router, caller))


def _answered(answer: Sealed[results.Answer]) -> CallToolResult:
    """The text for models to read, and all of it as data."""
    text = TextContent(type="text", text=answer.open().text)
    return CallToolResult(content=[text], structured_content=answer.open().model_dump(mode="json"))


def _given(result: results.Result) -> CallToolResult:
    text = TextContent(type="text", text=result.model_dump_json(exclude_none=True))
    return CallToolResult(content=[text], structured_content=result.model_dump(mode="json"))


def _turned_away(router: AsyncRouter, caller: Caller, began: float) -> None:
    caller.metadata = router.turned_away(
        ENDPOINT,
        _BAD_REQUEST,
        ErrorCode.INVALID_REQUEST,
        duration_ms=(time.monotonic() - began) * 1000,
        tenant=caller.tenant,
        customer=caller.customer,
        key=caller.key,
        signals=caller.signals,
    )
