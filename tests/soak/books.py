"""The books of a soak: what the router recorded, against what was asked and what the upstreams saw."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from soak.settings import CANARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from zdr_router import Metadata

_SHOWN = 3


class Records:
    """Writes a line for each record, so that nothing of it stays in memory."""

    def __init__(self, path: Path) -> None:
        """The file is closed by `close`."""
        self._file = path.open("w", encoding="ascii")
        self.with_content = 0

    def record(self, metadata: Metadata) -> None:
        """Keep the number of the request, and of each attempt what tells whether an upstream must have seen it."""
        self.with_content += CANARY in repr(metadata)
        attempts = (f"{each.target}:{each.sent}:{each.http_status or ''}" for each in metadata.attempts)
        self._file.write(" ".join([str(metadata.customer).removeprefix("soak-"), *attempts]) + "\n")

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()


def unaccounted(issued: int, records: Path, arrivals: Mapping[str, Path]) -> list[str]:
    """What does not add up; `arrivals` are by target."""
    recorded: Counter[int] = Counter()
    possible: Counter[tuple[str, int]] = Counter()
    certain: Counter[tuple[str, int]] = Counter()
    with records.open(encoding="ascii") as lines:
        for line in lines:
            number, *attempts = line.split()
            recorded[int(number)] += 1
            for attempt in attempts:
                target, sent, status = attempt.split(":")
                possible[target, int(number)] += sent == "maybe"
                certain[target, int(number)] += bool(status)
    seen: Counter[tuple[str, int]] = Counter()
    for target, path in arrivals.items():
        with path.open(encoding="ascii") as lines:
            seen.update((target, int(line)) for line in lines)
    return [
        *_some("without a record", (number for number in range(issued) if number not in recorded)),
        *_some("with more than one record", (number for number, count in recorded.items() if count > 1)),
        *_some("recorded, and never asked", (number for number in recorded if number >= issued)),
        *_some("seen more often than recorded, by", (key for key, count in seen.items() if count > possible[key])),
        *_some("recorded more often than seen, by", (key for key, count in certain.items() if count > seen[key])),
    ]


def _some(what: str, which: Iterable[object]) -> list[str]:
    found = list(which)
    shown = ", ".join(str(each) for each in found[:_SHOWN])
    return [f"{len(found)} requests {what}: {shown}{', …' if len(found) > _SHOWN else ''}"] if found else []
