"""What stays in the memory of a process after calls: `python -m benchmarks.residue [--json] [--tls]`.

A worker asks a provider of this machine, hardened and not; then its whole memory is searched for what was asked and
answered, in every form. Content is made of a token again and again, so that any piece of it counts. The worker makes
its own prompts, so what the host leaves behind is in the count.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import re
import resource
import ssl
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router import Account, AsyncRouter, Grant, InvalidRequest, Policy, RouteEntry
from zdr_router.conformance.leaks.forms import Needles
from zdr_router.conformance.leaks.memory import windows
from zdr_router.hardening.process import prepared
from zdr_router.transport.settings import TransportSettings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

CALLS: Final = 20
SIZES: Final = {"2 kB": 2_000, "200 kB": 200_000}
COSTS: Final = 400
"""Calls whose CPU is taken, in each mode; with `--quick` a tenth of them."""

_HEAD: Final = struct.Struct("!QQ16s")
_SELF: Final = (sys.executable, "-m", "benchmarks.residue")
_STEP: Final = 60


class Kind(NamedTuple):
    """One way of asking."""

    size: str
    way: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.size}, {self.way}"


WAYS: Final = ("whole", "stream", "left", "error")
"""A whole answer; a stream to its end; one that is left after its first content; an error that quotes the prompt."""

KINDS: Final = tuple(Kind(size, way) for size in SIZES for way in WAYS)


def token(seed: str, call: int) -> str:
    """What the content of a call is made of; whoever knows the seed can make it again."""
    return hashlib.sha256(f"{seed}{call}".encode()).hexdigest()[:24]


def asked(seed: str, call: int, size: int) -> str:
    """The prompt of a call."""
    return "".join([f"asked-{token(seed, call)}, "] * (size // _STEP * 2))[:size]


def canaries(seed: str) -> dict[str, str]:
    """What to look for."""
    known = {call: token(seed, call) for call in range(CALLS)}
    return {
        **{f"prompt {call}": f"asked-{each}" for call, each in known.items()},
        **{f"answer {call}": f"answered-{each[::-1]}" for call, each in known.items()},
    }


# --- the provider -----------------------------------------------------------------------------------------------------


async def provide(certificate: str) -> None:
    """Answer each prompt with its token read backwards, as long as the prompt is; over TLS where there is a file."""
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    server = await asyncio.start_server(_converse, "127.0.0.1", 0, limit=1 << 24, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            writer.write(_answer(json.loads(body)))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _answer(body: dict[str, Any]) -> bytes:
    text = body["messages"][0]["content"]
    word = f"answered-{text.split('-')[1].split(',')[0][::-1]}, "
    answer = (word * (len(text) // len(word) + 1))[: len(text)]
    if body.get("seed"):
        data = json.dumps({"error": {"message": answer, "param": text}}).encode()
        head = f"HTTP/1.1 400 Bad\r\nX-Error: {answer[:2000]}\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data
    base = {"id": "x", "created": 1, "model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        data = json.dumps({**base, "object": "chat.completion", "choices": [choice]}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)
    pieces = [answer[at : at + 400] for at in range(0, len(answer), 400)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"content": piece}, None) for piece in pieces]
    deltas.append(({}, "stop"))
    events = [
        {**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    lines = [*(json.dumps(event) for event in events), "[DONE]"]
    data = b"".join(b"%x\r\n%b\r\n" % (len(line), line) for line in (f"data: {each}\n\n".encode() for each in lines))
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        + data
        + b"0\r\n\r\n"
    )


# --- the worker -------------------------------------------------------------------------------------------------------


async def work(  # noqa: PLR0913 - what a worker is told on its command line
    url: str, kind: Kind, seed: str, costs: int, *, certificate: str, keep: bool
) -> None:
    """Ask, then hand over all of this process's memory, then ask for what that costs."""
    router = AsyncRouter(
        policy=Policy(minimum_grade="contracted", cache="host_memory"),
        accounts={"a": Account(configuration="llama-cpp/self-operated", base_url=url, grant=_grant())},
        routes={"chat": RouteEntry(targets=["a/m"], retries=0)},
        transport=TransportSettings(ca_file=certificate or None),
    )
    async with router:
        await ask(router, kind, "warm", 0)
        for call in range(CALLS):
            await ask(router, kind, seed, call)
        kept = await router.chat(model="chat", messages=_saying(seed, 0, 2_000)) if keep else None
        hand_over()
        del kept
        before = resource.getrusage(resource.RUSAGE_SELF)
        for call in range(costs):
            await ask(router, kind, "cost", call % CALLS)
        after = resource.getrusage(resource.RUSAGE_SELF)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        os.write(1, json.dumps({"cpu": spent / costs}).encode())


async def ask(router: AsyncRouter, kind: Kind, seed: str, call: int) -> None:
    """One call, whose answer is looked at and dropped."""
    messages = _saying(seed, call, SIZES[kind.size])
    if kind.way == "error":
        with contextlib.suppress(InvalidRequest):
            await router.chat(model="chat", messages=messages, seed=1)
    elif kind.way == "whole":
        answer = await router.chat(model="chat", messages=messages)
        del messages
        if not answer.text:
            raise SystemExit(1)
    else:
        stream = router.stream_chat(model="chat", messages=messages)
        del messages
        async with stream:
            async for _ in stream:
                if kind.way == "left":
                    break


def _saying(seed: str, call: int, size: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": asked(seed, call, size)}]


def hand_over() -> None:
    """Write every piece of memory to stdout, from where it is; a hardened process lets nobody else read it."""
    for part, address, window in windows(os.getpid()):
        os.write(1, _HEAD.pack(address, len(window), part[-16:].encode()))
        sent = 0
        while sent < len(window):
            sent += os.write(1, window[sent:])
    os.write(1, _HEAD.pack(0, 0, b""))


def _grant() -> Grant:
    today = _today()
    return Grant(basis="self_operated", stated_by="benchmarks", since=today, until=today.replace(year=today.year + 1))


def _today() -> dt.date:
    import datetime as dt  # noqa: PLC0415 - the worker's memory is small, and this is all it needs it for

    return dt.datetime.now(dt.UTC).date().replace(day=1)


# --- the measure ------------------------------------------------------------------------------------------------------


def measure(url: str, kind: Kind, *, hardened: bool, options: Sequence[str]) -> dict[str, Any]:
    """Calls of which anything stayed, how many copies there are, where and in which form; CPU seconds of a call."""
    seed = os.urandom(8).hex()
    command = [*_SELF, "--work", url, kind.size, kind.way, seed, *options]
    environ = prepared(command, os.environ, ()) if hardened else dict(os.environ)
    needles = Needles(canaries(seed))
    calls: dict[str, set[str]] = {"prompt": set(), "answer": set()}
    copies: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as worker:  # noqa: S603 - this module
        for part, window in _taken_over(worker):
            for hit in needles.search(window):
                calls[hit.canary.split()[0]].add(hit.canary)
                copies[f"{hit.encoding} in {part}"] = copies.get(f"{hit.encoding} in {part}", 0) + 1
        told = json.loads(worker.stdout.read()) if worker.stdout else {}
    survived = {name.split()[1] for names in calls.values() for name in names}
    return {
        "kind": str(kind),
        "hardened": hardened,
        "calls": len(survived),
        "prompts": len(calls["prompt"]),
        "answers": len(calls["answer"]),
        "copies": sum(copies.values()),
        "where": copies,
        "cpu": told["cpu"],
    }


def _taken_over(worker: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    if worker.stdout is None:
        return
    while True:
        address, size, part = _HEAD.unpack(worker.stdout.read(_HEAD.size))
        if not address:
            return
        yield part.rstrip(b"\0").decode() or "?", worker.stdout.read(size)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every kind in both modes and show it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.residue", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON array instead of a table")
    parser.add_argument("--only", choices=["hardened", "plain"], help="one mode alone")
    parser.add_argument("--tls", action="store_true", help="ask over TLS; takes the command openssl")
    parser.add_argument("--certificate", default="", help=argparse.SUPPRESS)
    parser.add_argument("--provide", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="2 kB alone, and fewer calls for the cost")
    parser.add_argument("--keep", action="store_true", help="let the worker keep an answer, which has to be found")
    options = parser.parse_args(arguments)
    if options.provide:
        asyncio.run(provide(options.certificate))
        return 0
    if options.work:
        url, size, way, seed = options.work
        costs = COSTS // 10 if options.quick else COSTS
        asyncio.run(work(url, Kind(size, way), seed, costs, certificate=options.certificate, keep=options.keep))
        return 0
    modes = [mode for mode in (False, True) if options.only in {None, ("plain", "hardened")[mode]}]
    kinds = KINDS[: len(WAYS) if options.quick else None]
    passed = [name for name in ("--quick", "--keep") if getattr(options, name[2:])]
    with tempfile.TemporaryDirectory() as folder:
        results = measure_all(modes, kinds, [*passed, *(_certificate(folder) if options.tls else [])])
    if options.json:
        print(json.dumps(results))
        return 0
    for row in results:
        print(
            f"{row['kind']:14} {'hardened' if row['hardened'] else 'plain':9} {row['calls']:3} of {CALLS} calls "
            f"(prompts {row['prompts']}, answers {row['answers']}), {row['copies']} copies, "
            f"{row['cpu'] * 1e6:.0f} µs CPU  {row['where'] or ''}"
        )
    return 0


def measure_all(modes: Sequence[bool], kinds: Sequence[Kind], options: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Every kind in these modes: hardened or not. `options` are handed to provider and workers."""
    command = [*_SELF, "--provide", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as provider:  # noqa: S603 - this one
        if provider.stdout is None:
            message = "the provider did not start"
            raise RuntimeError(message)
        scheme = "https" if "--certificate" in options else "http"
        url = f"{scheme}://127.0.0.1:{int(provider.stdout.readline())}/v1"
        return [measure(url, kind, hardened=mode, options=options) for kind in kinds for mode in modes]


def _certificate(folder: str) -> list[str]:
    """The options for a certificate that signs itself."""
    made = str(Path(folder) / "both.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", made, "-out", f"{made}.crt"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed words
    with Path(made).open("a", encoding="ascii") as both:
        both.write(Path(f"{made}.crt").read_text(encoding="ascii"))
    return ["--certificate", made]


if __name__ == "__main__":
    sys.exit(main())
