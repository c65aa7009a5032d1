"""The command line: `python -m benchmarks.gateway [--quick] [--json] [--litellm COMMAND] [--write FOLDER]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.gateway.answers import WrongAnswer
from benchmarks.gateway.efforts import EFFORTS
from benchmarks.gateway.measure import measure
from benchmarks.gateway.process import NotStarted
from benchmarks.gateway.report import markdown, show
from benchmarks.gateway.wrk import WrkFailed

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, and write what was asked for."""
    options = _parser().parse_args(arguments)
    effort = EFFORTS["quick" if options.quick else options.effort]
    if options.requests is not None:
        effort = replace(effort, requests=options.requests)
    began = time.perf_counter()
    try:
        result = measure(effort, options.litellm, lambda what: _say(f"{time.perf_counter() - began:5.1f} s  {what}"))
    except (NotStarted, WrkFailed, WrongAnswer) as error:
        _say(f"error: {error}")
        return 1
    if options.json:
        print(json.dumps(result))
    else:
        show(result, Console())
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "gateway.md").write_text(markdown(result), encoding="utf-8")
        (options.write / "gateway.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description="Measure what the gateway costs.")
    parser.add_argument("--quick", action="store_true", help="at most 60 s on two cores; the same as --effort quick")
    parser.add_argument("--effort", choices=list(EFFORTS), default="full", help="how thoroughly to measure")
    parser.add_argument("--requests", type=int, metavar="N", help="how many requests to look at memory over")
    parser.add_argument("--litellm", metavar="COMMAND", help="`litellm` of an environment that has litellm[proxy]")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write page and figures there as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
