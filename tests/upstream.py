"""A scriptable upstream on loopback: speaks OpenAI's API over raw TCP, misbehaves as told, keeps what arrived."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from typing import Self

    Behaviour = Callable[["Call"], Awaitable[None]]

JSON = "application/json"
SSE = "text/event-stream"
USAGE = {
    "prompt_tokens": 7,
    "completion_tokens": 3,
    "total_tokens": 10,
    "prompt_tokens_details": {"cached_tokens": 2},
}


@dataclass
class Arrived:
    """One request as it came: its head, and its body byte for byte. `gone_at` is when the client closed under it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    gone_at: float | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Call:
    """One request that a behaviour answers."""

    def __init__(self, arrived: Arrived, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrived = arrived
        self._reader = reader
        self._writer = writer
        self._watch: asyncio.Task[None] | None = None
        self.keeps_alive = True

    async def say(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def answer(
        self, status: int, body: bytes, *, kind: str = JSON, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer that says its length."""
        await self.say(
            _head(status, {"content-type": kind, "content-length": str(len(body)), **(headers or {})}) + body
        )

    async def begin(self, kind: str, headers: Mapping[str, str] | None = None) -> None:
        """The head of a chunked answer."""
        await self.say(_head(200, {"content-type": kind, "transfer-encoding": "chunked", **(headers or {})}))

    async def chunk(self, data: bytes) -> None:
        await self.say(b"%x\r\n%s\r\n" % (len(data), data))

    async def finish(self) -> None:
        await self.say(b"0\r\n\r\n")

    def watch(self) -> None:
        """Note from now on when the client goes away. Nothing else is read on this connection."""
        self.keeps_alive = False
        self._watch = self._watch or asyncio.create_task(self._until_gone())

    async def gone(self) -> None:
        """Wait until the client closes."""
        self.watch()
        await self.arrived.gone.wait()

    async def _until_gone(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65536):
                pass
        self.arrived.gone_at = asyncio.get_running_loop().time()
        self.arrived.gone.set()

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.keeps_alive = False
        sock = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the client was faster, and the socket is closed
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def hang_up(self) -> None:
        """Close in order, whatever was promised."""
        self.keeps_alive = False
        self._writer.close()

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()


class Upstream:
    """`async with Upstream() as upstream`: answers each request with the next behaviour, and then with `ok()`."""

    def __init__(self, *behaviours: Behaviour, otherwise: Behaviour | None = None) -> None:
        self._script = list(behaviours)
        self._otherwise = otherwise or ok()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.connections = 0
        self.requests: list[Arrived] = []
        self.arrived = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def then(self, *behaviours: Behaviour) -> None:
        """What to do with the next requests."""
        self._script += behaviours

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=1 << 26)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drop_connections(self) -> None:
        """Close every connection from this side, as a server does whose idle time is over."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next_request(self) -> Arrived:
        """Wait until one more request than those seen has come in whole."""
        await asyncio.wait_for(self.arrived.wait(), 10)
        self.arrived.clear()
        return self.requests[-1]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: a cancelled handler of `start_server` is logged as a failure.
        self.connections += 1
        task = asyncio.create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (arrived := await _read(reader)) is not None:
                self.requests.append(arrived)
                self.arrived.set()
                call = Call(arrived, reader, writer)
                try:
                    await (self._script.pop(0) if self._script else self._otherwise)(call)
                finally:
                    call.stop()
                if not call.keeps_alive:
                    return
        finally:
            writer.close()


@contextlib.contextmanager
def upstream_in_thread(*behaviours: Behaviour, otherwise: Behaviour | None = None) -> Iterator[Upstream]:
    """An upstream on a loop of its own, for code that blocks."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    upstream = Upstream(*behaviours, otherwise=otherwise)
    try:
        asyncio.run_coroutine_threadsafe(upstream.__aenter__(), loop).result(10)
        try:
            yield upstream
        finally:
            asyncio.run_coroutine_threadsafe(upstream.__aexit__(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _read(reader: asyncio.StreamReader) -> Arrived | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = lines[0].split(" ")
    return Arrived(method, path, headers, body, asyncio.get_running_loop().time())


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def completion(text: str | None = "ok", *, finish: str | None = "stop", **members: object) -> dict[str, Any]:
    """A `chat.completion` as a provider sends it."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    body = {"id": "chatcmpl-theirs", "object": "chat.completion", "created": 1, "model": "theirs", "choices": [choice]}
    return {**body, "usage": USAGE, **members}


def chunks(pieces: Sequence[str], *, finish: str | None = "stop", **members: object) -> list[dict[str, Any]]:
    """The chunks of a stream: a role, the pieces, a finish reason, usage."""
    base = {"id": "chatcmpl-theirs", "object": "chat.completion.chunk", "created": 1, "model": "theirs", **members}
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    made = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    if finish is not None:
        made.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        made.append({**base, "choices": [], "usage": USAGE})
    return made


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def ok(text: str = "ok", *, headers: Mapping[str, str] | None = None, **members: object) -> Behaviour:
    """What was asked for: an answer, a stream or vectors."""

    async def behave(call: Call) -> None:
        asked = call.arrived.json
        if call.arrived.path.endswith("/embeddings"):
            texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
            if texts and isinstance(texts[0], int):
                texts = [texts]  # the tokens of one text
            vectors: list[Any] = [[0.5, at] for at in range(len(texts))]
            if asked.get("encoding_format") == "base64":
                vectors = [base64.b64encode(struct.pack("<2f", *each)).decode() for each in vectors]
            data = [{"object": "embedding", "index": at, "embedding": each} for at, each in enumerate(vectors)]
            body = {"object": "list", "data": data, "model": "theirs", "usage": {"prompt_tokens": 4, "total_tokens": 4}}
            await call.answer(200, json.dumps({**body, **members}).encode(), headers=headers)
        elif asked.get("stream"):
            await _stream(call, chunks([*text], **members), headers)
            await call.chunk(b"data: [DONE]\n\n")
            await call.finish()
        else:
            await call.answer(200, json.dumps(completion(text, **members)).encode(), headers=headers)

    return behave


async def _stream(call: Call, events: Sequence[object], headers: Mapping[str, str] | None = None) -> None:
    await call.begin(SSE, headers)
    for each in events:
        await call.chunk(event(each))


def says(body: object, *, headers: Mapping[str, str] | None = None) -> Behaviour:
    """A 200 with this JSON."""
    return status(200, body, headers=headers)


def status(code: int, body: object = None, *, headers: Mapping[str, str] | None = None) -> Behaviour:
    """This status, with JSON or with bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def behave(call: Call) -> None:
        await call.answer(code, data, headers=headers)

    return behave


def error(code: int, /, *, message: str = "no", **members: object) -> Behaviour:
    """This status, with an error as OpenAI writes it."""
    return status(code, {"error": {"message": message, **members}})


def redirect(code: int, to: str) -> Behaviour:
    return status(code, b"", headers={"location": to})


async def hang(call: Call) -> None:
    """Say nothing until the client goes away."""
    await call.gone()


async def hang_after_head(call: Call) -> None:
    """Say that there will be an answer, and then nothing."""
    await call.say(_head(200, {"content-type": JSON, "content-length": "1000"}))
    await call.gone()


async def reset_before_head(call: Call) -> None:
    call.reset()


async def reset_after_head(call: Call) -> None:
    await call.say(_head(200, {"content-type": JSON, "content-length": "1000"}) + b'{"choices"')
    await asyncio.sleep(0.05)
    call.reset()


async def cut_body(call: Call) -> None:
    """Half of the body that was promised."""
    body = json.dumps(completion()).encode()
    await call.say(_head(200, {"content-type": JSON, "content-length": str(len(body))}) + body[: len(body) // 2])
    call.hang_up()


def stream(events: Sequence[object], *, done: bool = True, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Exactly these events, and an orderly end."""

    async def behave(call: Call) -> None:
        await _stream(call, events, headers)
        if done:
            await call.chunk(b"data: [DONE]\n\n")
        await call.finish()

    return behave


def stream_then(events: Sequence[object], after: Behaviour) -> Behaviour:
    """These events, and then, the stream still open, something else."""

    async def behave(call: Call) -> None:
        await _stream(call, events)
        await asyncio.sleep(0.02)
        await after(call)

    return behave


def drip(every: float, *, head: bytes = b"") -> Behaviour:
    """A byte of white space at a time, for ever."""

    async def behave(call: Call) -> None:
        call.watch()
        await call.begin(JSON)
        await call.chunk(head or b" ")
        while not call.arrived.gone.is_set():
            await call.chunk(b" ")
            await asyncio.sleep(every)

    return behave


async def drip_stream(call: Call) -> None:
    """Content for ever, a piece every ten milliseconds."""
    call.watch()
    await _stream(call, chunks(["a"], finish=None))
    while not call.arrived.gone.is_set():
        await call.chunk(event(chunks(["b"], finish=None)[1]))
        await asyncio.sleep(0.01)


def later(seconds: float, behaviour: Behaviour) -> Behaviour:
    async def behave(call: Call) -> None:
        await asyncio.sleep(seconds)
        await behaviour(call)

    return behave


def when(event: asyncio.Event, behaviour: Behaviour) -> Behaviour:
    """Only once the test says so."""

    async def behave(call: Call) -> None:
        await event.wait()
        await behaviour(call)

    return behave


class Pulse:
    """How long the machine kept the loop waiting, at worst: what a promise in milliseconds is not to blame for."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._beating.cancel()

    async def _beat(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            before = now()
            await asyncio.sleep(0.005)
            self.worst = max(self.worst, now() - before - 0.005)


@contextlib.asynccontextmanager
async def upstreams(*scripts: Sequence[Behaviour] | Behaviour) -> AsyncIterator[list[Upstream]]:
    """Several at once; each is given its behaviours, of which a single one is for every request."""
    async with contextlib.AsyncExitStack() as stack:
        made = [Upstream(otherwise=script) if callable(script) else Upstream(*script) for script in scripts]
        for each in made:
            await stack.enter_async_context(each)
        yield made
