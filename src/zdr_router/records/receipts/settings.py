"""What an operator may set about receipts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.sealed import Sealed


@dataclass(frozen=True, slots=True)
class ReceiptSettings:
    """Where receipts are kept, and when a batch is sealed: after `every` seconds, or once it holds `at` records.

    `key` is the private key in PEM; `source` is file:line, for errors.
    """

    directory: Path
    key: Sealed[str]
    every: float = 60.0
    at: int = 1000
    source: str = ""
