"""`zdr ask`: one prompt to a route; the answer on stdout, what is kept of the request on stderr."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from zdr_router.cli.exits import Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, Parameters, TenantName, parameters
from zdr_router.cli.output import Output
from zdr_router.errors import Exhausted, InvalidRequest, Refused, StreamBroken
from zdr_router.router import AsyncRouter
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from zdr_router.metadata import Metadata


EXAMPLES: Final = """
\b
Examples:
  echo "The three primary colours are" | zdr ask assistant -c zdr.yaml
  zdr ask assistant --param temperature=0 < question.txt
"""


def ask(  # noqa: PLR0913 - the options of the command
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="A route of the operator's file.")],
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="The prompt. Better left out: it is then read from stdin."),
    ] = None,
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: TenantName = None,
    param: Parameters = None,
    stream: Annotated[
        bool | None,
        typer.Option("--stream/--no-stream", help="Print the answer as it comes. The default on a terminal."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a route, and print the answer.

    The answer goes to stdout and a line about the request to stderr. With --json both are one document on stdout,
    {"answer": ..., "metadata": ...}; metadata holds nothing of prompt or answer, and is printed for failures too.

    Prefer stdin for the prompt: an argument lands in your shell's history, and shows in the list of processes while
    the command runs.
    """
    output = Output(as_json=as_json)
    given = parameters(param)
    content = Sealed(prompt) if prompt is not None else _from_stdin(output)
    router = AsyncRouter.from_config(config)
    if route not in router.deployment.routes:
        known = ", ".join(router.deployment.routes)
        raise Fault("the file has no such route", where=str(config), fix=f"name one of: {known}")
    streams = (sys.stdout.isatty() and not as_json) if stream is None else stream
    work = _streamed if streams else _whole
    try:
        asyncio.run(work(router, route, content, tenant, given, output))
    except (Refused, Exhausted, StreamBroken, InvalidRequest) as error:
        if as_json and error.metadata is not None:
            output.json({"metadata": error.metadata.as_dict()})
        raise


def _from_stdin(output: Output) -> Sealed[str]:
    if sys.stdin.isatty():
        output.note("prompt (end with Ctrl-D):")
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError:
        text = ""
        fault = Fault("the prompt on stdin is not UTF-8", fix="convert it first")
    else:
        fault = Fault("there is no prompt", fix="give it on stdin: echo … | zdr ask ROUTE")
    if not text.strip():
        raise fault
    return Sealed(text)


async def _whole(  # noqa: PLR0913, PLR0917 - what a request is made of
    router: AsyncRouter,
    route: str,
    prompt: Sealed[str],
    tenant: str | None,
    given: dict[str, Any],
    output: Output,
) -> None:
    async with router:
        answer = await router.chat(model=route, messages=_messages(prompt), tenant=tenant, **given)
    if not output.as_json:
        output.content(f"{answer.text}\n")
    _close(output, answer.text, answer.metadata)


async def _streamed(  # noqa: PLR0913, PLR0917 - what a request is made of
    router: AsyncRouter,
    route: str,
    prompt: Sealed[str],
    tenant: str | None,
    given: dict[str, Any],
    output: Output,
) -> None:
    pieces: list[str] = []
    async with router:
        stream = router.stream_chat(model=route, messages=_messages(prompt), tenant=tenant, **given)
        async with stream:
            async for chunk in stream:
                text = "".join(choice["delta"].get("content") or "" for choice in chunk["choices"][:1])
                pieces.append(text)
                if not output.as_json:
                    output.content(text)
    if not output.as_json:
        output.content("\n")
    _close(output, "".join(pieces), stream.metadata)


def _messages(prompt: Sealed[str]) -> list[dict[str, object]]:
    return [{"role": "user", "content": prompt.open()}]


def _close(output: Output, answer: str, metadata: Metadata) -> None:
    """Say what is kept of the request; the answer is in the document because its asker wants it."""
    if output.as_json:
        output.json({"answer": answer, "metadata": metadata.as_dict()})
    else:
        output.metadata(metadata)
