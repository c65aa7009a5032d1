"""A host that speaks OpenAI's chat completions over a router, and on demand keeps what it should not.

`LEAK` names how. It runs as a command (`python careless.py CONFIG PORT`) and as an ASGI application (`application()`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

from zdr_router import AsyncRouter, RouterError

KEPT = []


def leak(body: bytes) -> None:
    match os.environ.get("LEAK", ""):
        case "stdout":
            sys.stdout.write(body.decode())
            sys.stdout.flush()
        case "stderr":
            os.write(2, body)
        case "log":
            logging.getLogger("careless").debug("asked for %s", body)
        case "file":
            Path("asked.json").write_bytes(body)
        case "temporary":
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(body)
        case "object":
            KEPT.append(body)
        case "error":
            raise ValueError(body)


def app_of(config: str):
    state = {}

    @asynccontextmanager
    async def opened():
        async with AsyncRouter.from_config(config) as router:
            state["router"] = router
            yield

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            async with opened():
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = (await receive())["body"]
        leak(body)
        work = asyncio.create_task(answer(state["router"], scope["path"], send, body))
        del body
        leaving = asyncio.create_task(receive())
        await asyncio.wait([work, leaving], return_when=asyncio.FIRST_COMPLETED)
        for task in (work, leaving):
            task.cancel()
        await asyncio.wait([work, leaving])

    return app


def application():
    return app_of(os.environ["ZDR_LEAKS_CONFIG"])


async def answer(router, path, send, body):
    """The status is the library's; what it says of a fault is short."""
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    del body
    if asked is None:
        await say(send, 400, b"{}")
        return
    streams = asked.pop("stream", False)
    try:
        if path.endswith("/embeddings"):
            work = router.embed(**asked)
        elif streams:
            work = stream(router.stream_chat(**asked), send)
        else:
            work = router.chat(**asked)
        del asked
        told = await work
    except RouterError as error:
        await say(send, getattr(error, "status", 502), b'{"error": {}}')
        return
    if told is not None:
        await say(send, 200, json.dumps(told.body).encode())


async def stream(chunks, send):
    async with chunks:
        await head(send, 200)
        while (chunk := await chunks.next_chunk()) is not None:
            data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
            del chunk
            await send({"type": "http.response.body", "body": data, "more_body": True})
            del data
    await send({"type": "http.response.body", "body": b""})


async def head(send, status):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})


async def say(send, status, data):
    await head(send, status)
    await send({"type": "http.response.body", "body": data})


if __name__ == "__main__":
    import uvicorn

    # Started by hand, so that a stream under way does not keep it from ending.
    uvicorn.run(
        app_of(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
