"""What the store of records carries, what a record costs, and what a receipt does: `python -m benchmarks.storing`.

It prints JSON. Nothing but the store runs, whose producer makes records as fast as they are written, or nothing but
the sealing of receipts. With `--postgres`, the server on 127.0.0.1:5432 is used as well (database `test`, user
`postgres`), in a schema of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zdr_router.driver.ledger import Ledger
from zdr_router.metadata import AttemptRecord, Outcome, Refusal
from zdr_router.records.receipts.book import Book
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.store.settings import PostgresSettings, StoreSettings
from zdr_router.records.store.store import MetadataStore
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from zdr_router.metadata import Metadata

_DIGEST: Final = "sha256:" + "a" * 64
_SALT: Final = Sealed("a salt that is no secret")
_CUSTOMERS: Final = 500
_BURST: Final = 100
_HOLD: Final = 20_000
_BLOCKS: Final = 20
_BATCH: Final = 1000
_BEAT: Final = 0.001


def ledger(number: int) -> Ledger:
    """The books of a request that one target refused and another one answered."""
    made = Ledger(
        request_id=os.urandom(12).hex(),
        time=time.time(),
        began=0.0,
        endpoint="chat.completions",
        route="chat",
        tenant="acme",
        customer=f"c-{number % _CUSTOMERS}",
        stream=False,
        policy_digest=_DIGEST,
        registry_digest=_DIGEST,
        key="k-1",
        refusals=(Refusal("ZDR201", "b/m", "acme/zdr", "a sentence", "a fix"),),
    )
    made.attempts.append(AttemptRecord("a/m", "acme/zdr", Outcome.OK, "maybe", 200, 0.1, 412.5, None, _DIGEST))
    return made


def record(number: int) -> Metadata:
    """Its metadata."""
    return ledger(number).close(200, None, 0.5)


def store(place: Path | PostgresSettings) -> MetadataStore:
    """A store that knows the names of these records."""
    made = MetadataStore(StoreSettings(place, _SALT, hold=_HOLD))
    made.learn(["chat", "acme", "a/m", "b/m", "acme/zdr", "m"], ())
    return made


async def sustained(place: Path | PostgresSettings, count: int) -> dict[str, float]:
    """Records a second from the first that is handed over to the last that is written, and what each of them costs.

    `cpu_us` is CPU of all threads of this process, without making the records; `stall_ms` is by how much something else
    on the event loop comes late, in the worst of a hundred cases.
    """
    some = [record(number) for number in range(count)]
    late: list[float] = []

    async def beat() -> None:
        while True:
            due = time.perf_counter() + _BEAT
            await asyncio.sleep(_BEAT)
            late.append(time.perf_counter() - due)

    async with store(place) as kept:
        beating = asyncio.create_task(beat())
        began, cpu = time.perf_counter(), time.process_time()
        for start in range(0, count, _BURST):
            for each in some[start : start + _BURST]:
                kept.record(each)
            while kept.waiting > _HOLD // 2:  # noqa: ASYNC110 - as fast as they are written
                await asyncio.sleep(_BEAT)
            await asyncio.sleep(0)
        await kept.flush()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        beating.cancel()
        if kept.lost or kept.waiting:
            message = f"{kept.lost} records were lost and {kept.waiting} were not written"
            raise RuntimeError(message)
    return {
        "records_per_s": round(count / wall),
        "cpu_us": round(cpu / count * 1e6, 1),
        "stall_ms": round(statistics.quantiles(late, n=100)[-1] * 1e3, 2),
    }


async def on_the_path(place: Path, count: int) -> dict[str, float]:
    """CPU in µs on a request's path: of handing its metadata to the store, and of making that and handing it over."""
    made, closed = [], []
    async with store(place) as kept:
        for _ in range(_BLOCKS):
            books = [ledger(number) for number in range(count // _BLOCKS)]
            some = [each.close(200, None, 0.5) for each in books]
            began = time.thread_time()
            for each in some:
                kept.record(each)
            between = time.thread_time()
            for book in books:
                kept.record(book.close(200, None, 0.5))
            closed.append((time.thread_time() - between) / len(books) * 1e6)
            made.append((between - began) / len(books) * 1e6)
            kept._pending.clear()  # noqa: SLF001 - they are not to be written
    return {"record_us": round(statistics.median(made), 2), "made_and_recorded_us": round(statistics.median(closed), 2)}


def sealed(place: Path, count: int) -> dict[str, float]:
    """CPU in µs for each record that is sealed in batches, files, signature and all; the first half is warm-up."""
    key = SigningKey.generate()
    book, took = Book(place, clock=time.time), []
    book.open(key)
    for _ in range(max(2, count // _BATCH)):
        some = [record(number) for number in range(_BATCH)]
        began = time.process_time()
        book.seal(some, 0, key)
        took.append((time.process_time() - began) / _BATCH * 1e6)
    return {"batch": _BATCH, "cpu_us": round(statistics.median(took[len(took) // 2 :]), 2)}


async def measure(count: int, *, postgres: bool) -> dict[str, Any]:
    """All of it."""
    result: dict[str, Any] = {"records": count, "cores": os.cpu_count(), "load_average": os.getloadavg()}
    with tempfile.TemporaryDirectory(prefix="zdr-storing-", dir=".") as folder:
        place = Path(folder) / "records.db"
        result |= await on_the_path(Path(folder) / "path.db", min(count, _HOLD // 2))
        result["receipts"] = sealed(Path(folder) / "receipts", min(count, _HOLD))
        result["sqlite"] = await sustained(place, count)
        size = sum(path.stat().st_size for path in place.parent.glob("records.db*"))
        result["sqlite"]["bytes_per_record"] = round(size / count)
    if postgres:
        namespace = f"zdr_bench_{os.getpid()}"
        server = PostgresSettings("127.0.0.1", 5432, "test", "postgres", namespace=namespace)
        try:
            result["postgresql"] = await sustained(server, count)
        finally:
            await _drop(server)
    return result


async def _drop(server: PostgresSettings) -> None:
    from sqlalchemy import text  # noqa: PLC0415 - only with a server

    kept = store(server).database
    async with kept.writing() as connection:
        await connection.execute(text(f'DROP SCHEMA IF EXISTS "{server.namespace}" CASCADE'))
    await kept.close()


def main() -> int:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storing", description="Measure the store of records.")
    parser.add_argument("--records", type=int, default=100_000, metavar="N", help="how many; 100 000 unless told")
    parser.add_argument("--postgres", action="store_true", help="measure PostgreSQL on 127.0.0.1:5432 as well")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.records, postgres=options.postgres)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
