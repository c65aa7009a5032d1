"""`zdr receipts verify`: whether receipts hold, offline, by nothing but files and public keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli.exits import Code, unreadable
from zdr_router.cli.options import AsJson
from zdr_router.cli.output import Output
from zdr_router.cli.receipts import read_key
from zdr_router.errors import AttestationError
from zdr_router.records.receipts.keys import PublicKey
from zdr_router.records.receipts.receipt import Held, is_receipt, verify_receipt
from zdr_router.records.receipts.trust import Trust, read_revoked
from zdr_router.records.receipts.verify import Verified
from zdr_router.records.receipts.verify import verify as verify_journal

EXAMPLES: Final = """
\b
Examples:
  zdr receipts verify receipts --key receipts.key.pub --checkpoint 2026-11-22.json
  zdr receipts verify receipt.json --key receipts.key.pub
"""
_SHOWN: Final = 20


def verify(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="The directory of a journal, its batches.jsonl alone, or one receipt."),
    ],
    *,
    key: Annotated[
        list[Path],
        typer.Option("--key", metavar="FILE", help="A public key that is trusted from the start. May be repeated."),
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="A statement that was exported: nothing up to it may lack."),
    ] = None,
    revoked: Annotated[
        Path | None,
        typer.Option("--revoked", metavar="FILE", help="JSON: keys that count no more, and since when."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check signatures, order, links and every record; say what does not hold, and where. No network, no other file.

    Exits with 3 when anything does not hold. What was changed, removed or put in another order shows. What was cut off
    at the end shows against a checkpoint. What was erased is counted: why it was erased cannot be seen.
    """
    output = Output(as_json=as_json)
    trust = Trust.of(
        [PublicKey.read(read_key(each), str(each)) for each in key],
        [] if revoked is None else read_revoked(_read(revoked), str(revoked)),
    )
    if path.is_file() and is_receipt(text := _read(path)):
        return _receipt(output, text, trust)
    try:
        found = verify_journal(path, trust, None if checkpoint is None else _read(checkpoint))
    except OSError as error:
        fault = unreadable(path, error)
    else:
        return _journal(output, found)
    raise fault


def _receipt(output: Output, text: bytes, trust: Trust) -> int:
    held: Held | None
    try:
        held, problems = verify_receipt(text, trust), list[AttestationError]()
    except AttestationError as error:
        held, problems = None, [error]
    if output.as_json:
        output.json({"holds": held is not None, "problems": _plain(problems), **({} if held is None else _shown(held))})
    elif held is None:
        _complain(output, problems)
    else:
        output.line("the receipt holds", "bold green")
        output.facts((name, str(value)) for name, value in _shown(held).items())
    return Code.REFUSED if held is None else Code.DONE


def _shown(held: Held) -> dict[str, object]:
    batch = held.batch
    return {
        "request": held.record.get("request_id"),
        "journal": batch.journal,
        "batch": batch.sequence,
        "leaf": held.leaf,
        "sealed": batch.sealed_at,
        "key": held.signer,
    }


def _journal(output: Output, found: Verified) -> int:
    chain, last = found.chain, found.chain.last
    facts: dict[str, object] = {
        "journal": "" if last is None else last.journal,
        "batches": len(chain.batches),
        "rotations": chain.rotations,
        "leaves": chain.leaves if found.leaves is None else found.leaves,
        "erased": found.erased,
        "lost": sum(batch.lost for batch in chain.batches.values()),
        "until": "" if last is None else last.sealed_at,
        "keys": list(chain.signers),
    }
    code = Code.REFUSED if found.problems else Code.DONE
    if output.as_json:
        looked = found.leaves is not None
        output.json({"holds": not found.problems, "records": looked, "problems": _plain(found.problems), **facts})
        return code
    if found.problems:
        _complain(output, found.problems)
        return code
    output.line("everything holds", "bold green")
    output.facts((name, ", ".join(value) if isinstance(value, list) else str(value)) for name, value in facts.items())
    if found.leaves is None:
        output.note("only the statements were there to look at, not the records")
    return code


def _complain(output: Output, problems: Sequence[AttestationError]) -> None:
    output.error(f"{len(problems)} {'thing does' if len(problems) == 1 else 'things do'} not hold", "", "")
    for problem in problems[:_SHOWN]:
        output.note(f"  {problem}")
    if len(problems) > _SHOWN:
        output.note(f"  and {len(problems) - _SHOWN} more; --json lists all of them")


def _plain(problems: Sequence[AttestationError]) -> list[dict[str, str]]:
    return [{"kind": type(problem).__name__, "what": str(problem)} for problem in problems]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fault = unreadable(path, error)
    raise fault
