"""How a command ends: its exit code, and every error as what, where and what next, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

import typer

from zdr_router.cli.output import Output, Unwritable
from zdr_router.errors import ConfigError, Exhausted, InvalidRequest, Problem, Refused, RouterError, StreamBroken


class Code(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    WARNINGS = 2
    REFUSED = 3
    USAGE = 64
    CONFIGURATION = 65
    INTERNAL = 70
    OUTPUT = 74
    INTERRUPTED = 130


class Fault(Exception):
    """An error of the command line's own: `what`, `where` and `next`, each for people."""

    def __init__(self, what: str, *, where: str = "", fix: str = "", code: Code = Code.USAGE) -> None:
        """`code` is what the command exits with."""
        self.what = what
        self.where = where
        self.fix = fix
        self.code = code
        super().__init__(what)


# The parent of everything that typer says about arguments; it has no public name in every release that we support.
_Reported: type[Exception] = typer.BadParameter.__mro__[2]
_QUOTES_NOTHING = frozenset({"MissingParameter", "BadOptionUsage"})


def run(work: Callable[[], object]) -> int:
    """Do the work of a command; give the exit code, after its error, if it had one, was printed on stderr."""
    output = Output(as_json=False)
    code: int
    try:
        result = work()
        output.end()
        code = int(result) if isinstance(result, int) else Code.DONE
    except _Reported as error:
        _usage(output, error)
        code = Code.USAGE
    except Fault as error:
        output.error(error.what, error.where, error.fix)
        code = error.code
    except RouterError as error:
        code = _router_error(output, error)
    except Unwritable as error:
        if error.why is not None:
            output.error(f"the result cannot be written: {error.why}", "", "write it elsewhere")
        code = Code.OUTPUT
    except SystemExit:  # typer ends so, with 1, where nobody reads its --help to the end
        code = Code.OUTPUT
    except (KeyboardInterrupt, typer.Abort):
        output.error("interrupted", "", "")
        code = Code.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last boundary: the text of a foreign error may hold content
        _internal(output, error)
        code = Code.INTERNAL
    return code


def _usage(output: Output, error: Exception) -> None:
    """What typer found wrong with the arguments. A prompt may be among those, so most sentences are our own."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "zdr"
    help_ = f"see `{command} --help`"
    kind = type(error).__name__
    takes_content = context is None or context.parent is None or context.info_name == "ask"
    if kind == "NoArgsIsHelpError":
        output.error("no command", "", help_)
    elif takes_content and kind not in _QUOTES_NOTHING:
        known = "commands and options" if context is None or context.parent is None else "arguments and options"
        output.error(f"one of the arguments is none of {command}'s {known}", "", help_)
    else:
        sentence = str(getattr(error, "format_message", lambda: kind)()).replace("Value error, ", "")
        output.error(sentence[:1].lower() + sentence[1:].rstrip("."), "", help_)


def _router_error(output: Output, error: RouterError) -> Code:
    if isinstance(error, ConfigError):
        for problem in error.problems:
            output.error(problem.what, problem.where, problem.fix)
        return Code.CONFIGURATION
    if isinstance(error, Refused):
        output.error(f"no target of route {error.metadata.route} may serve this request", "", "")
        output.refusals(error.refusals, to_stderr=True)
        return Code.REFUSED
    if isinstance(error, InvalidRequest):
        return _invalid(output, error)
    if isinstance(error, Exhausted):
        fix = "see the attempts: where a provider was busy or down, ask again later"
        output.error(f"no target of route {error.metadata.route} answered", "", fix)
        output.attempts(error.attempts)
    else:
        broken = isinstance(error, StreamBroken)
        output.error(str(error), "", "ask again: what was printed is not the whole answer" if broken else "")
    return Code.FAILED


def _invalid(output: Output, error: InvalidRequest) -> Code:
    if error.metadata is not None and error.metadata.attempts:
        output.error(str(error), "", "change the request, or see the attempts")
        output.attempts(error.metadata.attempts)
        return Code.FAILED
    fix = {
        "model": "name one of the file's `routes`",
        "tenant": "name one of the file's `tenants`, or leave --tenant out",
    }.get(error.param or "", "change the request")
    output.error(str(error), "", fix)
    return Code.USAGE


def _internal(output: Output, error: Exception) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    output.error(f"internal error: {type(error).__name__}", where, "please report it, with this place")


def unreadable(path: Path, error: OSError) -> ConfigError:
    """A file that cannot be read, as the error that every other file fault is."""
    return _unusable("read", path, error)


def unwritable(path: Path, error: OSError) -> ConfigError:
    """The same of a file or folder that cannot be written."""
    return _unusable("written", path, error)


def _unusable(how: str, path: Path, error: OSError) -> ConfigError:
    return ConfigError(Problem(f"cannot be {how}: {error.strerror or type(error).__name__}", file=str(path)))
