"""`zdr leaks`: plant words, drive every path, and look where content may have stayed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import AsJson
from zdr_router.cli.output import Output

if TYPE_CHECKING:
    from zdr_router.conformance.leaks.demand import Demand
    from zdr_router.conformance.leaks.findings import Report
    from zdr_router.conformance.leaks.hosts.driving import Manner


class Format(StrEnum):
    """Who reads the report."""

    PRETTY = "pretty"
    JSON = "json"


class Mcp(StrEnum):
    """Over what a host is spoken to."""

    HTTP = "http"
    STDIO = "stdio"


class Memory(StrEnum):
    """What copies in the memory of the process come to."""

    COUNT = "count"
    FAIL = "fail"
    OFF = "off"


EXAMPLES: Final = """\
\b
Examples:
  zdr leaks
  zdr leaks -- zdr serve -c {config}
  zdr leaks -- python host.py --config {config} --port {port}
  zdr leaks --app service:application --format json
  zdr leaks --mcp stdio -- zdr mcp -c {config}
  zdr leaks --mcp http -- zdr mcp -c {config} --http 127.0.0.1:{port}
  zdr leaks --model gpt-x --without image --skip embed -- ./proxy --listen {port} --upstream {upstream}
"""


def leaks(  # noqa: PLR0913 - the options of the command
    *,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND...", help="A host to start, with its arguments, after `--`.")
    ] = None,
    app: Annotated[
        str | None, typer.Option("--app", metavar="MODULE:FACTORY", help="An ASGI application, run in this process.")
    ] = None,
    mcp: Annotated[
        Mcp | None,
        typer.Option("--mcp", help="Speak MCP to the host rather than OpenAI's chat completions: its tool `ask`."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="The model to ask a host for that does not read {config}."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="PLACE", help="Leave this out of requests: system, tool or image."),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="PATH", help="Leave this path out. May be repeated.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PATH", help="Take this path alone. May be repeated.")
    ] = None,
    key_env: Annotated[
        str | None,
        typer.Option("--key-env", metavar="VARIABLE", help="Where the key for the host is, sent as a bearer token."),
    ] = None,
    redis: Annotated[
        list[str] | None,
        typer.Option("--redis", metavar="URL", help="A database of Redis to search: all of its keys. May be repeated."),
    ] = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option("--folder", metavar="DIR", help="Search what changes in this folder as well. May be repeated."),
    ] = None,
    inside: Annotated[
        Path | None,
        typer.Option("--in", metavar="DIR", help="Run COMMAND in this folder rather than in an empty one."),
    ] = None,
    memory: Annotated[
        Memory, typer.Option("--memory", help="Count copies in the memory of the process, fail on any, or do not look.")
    ] = Memory.COUNT,
    form: Annotated[Format, typer.Option("--format", help="Who reads the report.")] = Format.PRETTY,
    as_json: AsJson = False,
) -> int:
    """Plant unique words in requests and answers, drive every path, and search for what stayed of them.

    Without COMMAND and --app the library itself is driven, both façades of it. COMMAND is a host that speaks OpenAI's
    chat completions on a port of this machine, or with --mcp the Model Context Protocol, there at /mcp or on its stdin
    and stdout: {port}, {config} (a file for this library) and {upstream} (the address
    of the kit's own provider) are filled in. Nothing leaves the machine, and no word is ever printed.

    Exits with 0 when every path was driven and nothing was found, with 3 when something was found, with 1 when a path
    could not be driven or the host did not start, and with 64 when the command line is wrong. Copies in the memory of
    the process are counted apart; with --memory fail they end in 3 as well. docs/leaks.md says what this cannot see.
    """
    output = Output(as_json=as_json or form is Format.JSON)
    over = _spoken(mcp, command, app, key_env)
    demand, manner = _demand(only, skip, redis, memory, over), _manner(model, without, key_env, over)
    report = _run(command, app, demand, manner, folder or [], inside)
    if output.as_json:
        from zdr_router.conformance.leaks.document import document  # noqa: PLC0415 - as below

        output.json(document(report))
    else:
        _pretty(output, report)
    if report.findings or (memory is Memory.FAIL and report.copies):
        return Code.REFUSED
    # Who must not pass with copies must not pass uncounted either.
    return Code.DONE if report.clean and (memory is not Memory.FAIL or report.residue is not None) else Code.FAILED


Over = Literal["", "http", "stdio"]


def _spoken(mcp: Mcp | None, command: list[str] | None, app: str | None, key_env: str | None) -> Over:
    """Over what MCP is spoken, "" where it is not."""
    if mcp is not None and not command and app is None:
        raise Fault("--mcp is about a host, and none is given", fix="give a command after `--`, or --app")
    if mcp is Mcp.STDIO and app is not None:
        raise Fault("an application has no stdin of its own", fix="give --mcp http")
    if mcp is Mcp.STDIO and key_env is not None:
        raise Fault("over stdio there is no key", fix="leave --key-env out")
    return "" if mcp is None else mcp.value


def _demand(
    only: list[str] | None, skip: list[str] | None, redis: list[str] | None, memory: Memory, over: Over
) -> Demand:
    from zdr_router.conformance.leaks.demand import Demand  # noqa: PLC0415 - loaded when it runs, so --help is quick
    from zdr_router.conformance.leaks.paths import MCP_PATHS, PATHS  # noqa: PLC0415 - as above

    every = MCP_PATHS if over else PATHS
    known = {path.name for path in every}
    for name in (*(only or ()), *(skip or ())):
        if name not in known:
            raise Fault("there is no such path", fix=f"name one of {', '.join(sorted(known))}")
    paths = [path for path in every if (not only or path.name in only) and path.name not in (skip or ())]
    if not paths:
        raise Fault("no path is left to be driven", fix="skip fewer")
    return Demand(paths=paths, redis=tuple(redis or ()), memory=memory is not Memory.OFF)


def _manner(model: str | None, without: list[str] | None, key_env: str | None, over: Over) -> Manner:
    from zdr_router.conformance.leaks.asking import OPTIONAL  # noqa: PLC0415 - as above
    from zdr_router.conformance.leaks.hosts.driving import Manner  # noqa: PLC0415 - as above

    if not frozenset(without or ()) <= frozenset(OPTIONAL):
        raise Fault("only some places can be left out", fix=f"name one of {', '.join(OPTIONAL)}")
    key = os.environ.get(key_env, "") if key_env is not None else ""
    if key_env is not None and not key:
        raise Fault(f"the variable {key_env} is not set", fix="put the key for the host there")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return Manner(model, headers, frozenset(without or ()), over)


def _run(  # noqa: PLR0913, PLR0917 - what was given, sorted
    command: list[str] | None, app: str | None, demand: Demand, manner: Manner, folders: list[Path], inside: Path | None
) -> Report:
    if command and app is not None:
        raise Fault("COMMAND and --app are two subjects", fix="give one of them")
    if not command and (folders or inside is not None):
        raise Fault("--folder and --in are about COMMAND", fix="give a command after `--`")
    if command:
        from zdr_router.conformance.leaks import host_runs  # noqa: PLC0415 - as above
        from zdr_router.conformance.leaks.hosts.command import NotReady  # noqa: PLC0415 - as above

        given = [each.resolve() for each in folders]
        try:
            return host_runs.command(command, demand, manner, given, None if inside is None else inside.resolve())
        except NotReady as error:
            fault = Fault(
                str(error),
                fix="run it by hand: it has to listen at {port}, or answer, and starts in an empty folder but for --in",
                code=Code.FAILED,
            )
        except OSError as error:
            fault = Fault(
                f"the command cannot be started: {error.strerror or type(error).__name__}", fix="name a program"
            )
        raise fault
    if app is not None:
        from zdr_router.conformance.leaks import host_runs  # noqa: PLC0415 - as above

        return host_runs.application(_maker(app), demand, manner)
    from zdr_router.conformance.leaks import runs  # noqa: PLC0415 - as above

    return runs.library(demand)


def _maker(named: str) -> Callable[[], Any]:
    """What makes the application; it is imported only when the environment leads to the kit's provider."""
    from zdr_router.conformance.leaks.kit import made  # noqa: PLC0415 - as above

    module, colon, name = named.partition(":")
    if not colon or not module or not name:
        raise Fault("--app is not MODULE:FACTORY", fix="name what makes the application, as in service:application")
    here = str(Path.cwd())

    def make() -> Any:  # noqa: ANN401 - an ASGI application
        sys.path.insert(0, here)
        try:
            found = getattr(importlib.import_module(module), name, None)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            found = None
        finally:
            sys.path.remove(here)
        if found is None:
            raise Fault(f"there is no {named}", fix="name a module that can be imported from here, and what is in it")
        return made(found)

    return make


def _pretty(output: Output, report: Report) -> None:
    from zdr_router.conformance.leaks.findings import SCOPE  # noqa: PLC0415 - as above

    output.line(SCOPE)
    output.line()
    output.table(("detector", "found"), [(name, _found(report, name, off)) for name, off in report.detectors.items()])
    if report.findings:
        output.line()
        rows = [
            (each.detector, each.where, each.path, each.place, each.encoding, str(each.count))
            for each in report.findings
        ]
        output.table(("detector", "where", "path", "planted in", "as", "times"), rows)
    if report.undriven:
        output.line()
        output.table(
            ("path", "of", "was not driven"), [(each.path, each.subject, each.fault) for each in report.undriven]
        )
    if report.residue:
        output.line()
        output.table(("planted in", "copies in memory"), [(place, str(n)) for place, n in report.residue.items()])
    for note in report.notes:
        output.line(note)
    output.line()
    output.line(report.summary, "bold" if report.clean else "bold red")


def _found(report: Report, name: str, off: str) -> str:
    if off:
        return f"off: {off}"
    return str(sum(each.detector == name for each in report.findings) or "nothing")
