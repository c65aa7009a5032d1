"""The command line: `python -m benchmarks [--quick] [--json] [--only a,b] [--write FOLDER]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.clients import ENTRIES
from benchmarks.efforts import EFFORTS
from benchmarks.measure import measure
from benchmarks.report import markdown, show

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, and write what was asked for."""
    options = _parser().parse_args(arguments)
    unknown = sorted(set(options.only) - set(ENTRIES))
    if unknown:
        sys.stderr.write(f"no such client: {', '.join(unknown)}; there are {', '.join(ENTRIES)}\n")
        return 2
    effort = EFFORTS["quick" if options.quick else options.effort]
    names = [name for name in ENTRIES if not options.only or name in options.only]
    began = time.perf_counter()
    result = measure(effort, names, lambda what: _say(f"{time.perf_counter() - began:5.1f} s  {what}"))
    if options.json:
        print(json.dumps(result))
    else:
        show(result, Console())
    if options.write:
        _write(result, options.write)
    return 0


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _write(result: dict[str, object], folder: Path) -> None:
    from benchmarks.plot import draw  # noqa: PLC0415 - only who wants a picture needs matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    draw(result, folder)
    (folder / "README.md").write_text(markdown(result), encoding="utf-8")
    (folder / "figures.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what a cleared call costs.")
    parser.add_argument("--quick", action="store_true", help="at most 50 s on two cores; the same as --effort quick")
    parser.add_argument("--effort", choices=list(EFFORTS), default="full", help="how thoroughly to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=[], metavar="a,b", help=f"of {', '.join(ENTRIES)}"
    )
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write plot, figures and tables there as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
