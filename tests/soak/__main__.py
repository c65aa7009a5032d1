"""`python -m soak`: runs a soak, says what was done, and exits with 1 where something was wrong."""

# ruff: noqa: T201 - it talks to a person

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from soak.run import soak
from soak.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; run; exit."""
    standard = Settings()
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=standard.seconds)
    parser.add_argument("--seed", type=int, default=standard.seed)
    parser.add_argument("--in-flight", type=int, default=standard.in_flight)
    given = parser.parse_args(arguments)
    report = soak(Settings(seconds=given.seconds, seed=given.seed, in_flight=given.in_flight))
    print(report)
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
