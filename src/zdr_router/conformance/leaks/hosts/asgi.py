"""Asks an ASGI application in this process, without a server: its lifespan, its requests, and callers that leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from zdr_router.conformance.leaks.detectors.errors import Errors
    from zdr_router.conformance.leaks.hosts.base import Exchange, Post

Message = MutableMapping[str, Any]
App = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}
_GRACE: Final = 5.0
"""Seconds that an application has to notice that its caller left, before its task is cancelled."""


class Application:
    """An application whose errors go to `errors`."""

    def __init__(self, app: App, errors: Errors) -> None:
        """It is not started yet."""
        self._app = app
        self._errors = errors
        self._state: dict[str, Any] = {}

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Start it, and shut it down. One without a lifespan is as it is."""
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        outbox: asyncio.Queue[str] = asyncio.Queue()

        async def send(message: Message) -> None:
            await outbox.put(message["type"])

        scope = {"type": "lifespan", "asgi": _ASGI, "state": self._state}
        task = asyncio.create_task(self._guarded(self._app(scope, inbox.get, send), "from its lifespan", outbox))
        await inbox.put({"type": "lifespan.startup"})
        heard = await outbox.get()
        if heard == "lifespan.startup.failed":
            message = "the application did not start: its lifespan failed"
            raise RuntimeError(message)
        try:
            yield
        finally:
            if not task.done():
                await inbox.put({"type": "lifespan.shutdown"})
                await asyncio.wait([task], timeout=_GRACE)
            task.cancel()

    async def _guarded(self, work: Awaitable[None], where: str, outbox: asyncio.Queue[Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever an application raises is looked at
            self._errors.tell(where, error)
        finally:
            await outbox.put("")

    @contextlib.asynccontextmanager
    async def post(self, post: Post) -> AsyncIterator[Exchange]:
        """A request as a server would hand it over."""
        left = asyncio.Event()
        outbox: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        bodies = [post.body]
        headers = {"host": "127.0.0.1", "content-length": str(len(post.body)), **post.headers}
        scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": post.target,
            "raw_path": post.target.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 80),
            "state": dict(self._state),
        }
        heard = post.heard
        del post

        async def receive() -> Message:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if left.is_set():
                raise OSError
            # That it came is enough, but where somebody wants to hear it.
            if heard is not None:
                heard.hear(message.get("body", b""))
            await outbox.put((message.get("status", 0), bool(message.get("body"))))

        ending: asyncio.Queue[Any] = outbox
        task = asyncio.create_task(self._guarded(self._app(scope, receive, send), "from the application", ending))
        try:
            yield _Answer(outbox)
        finally:
            left.set()
            if not task.done():
                await asyncio.wait([task], timeout=_GRACE)
            task.cancel()
            await asyncio.wait([task])


class _Answer:
    def __init__(self, outbox: asyncio.Queue[Any]) -> None:
        self._outbox = outbox
        self._ended = False

    async def status(self) -> int:
        heard = await self._outbox.get()
        self._ended = heard == ""
        return 0 if self._ended else int(heard[0])

    async def piece(self) -> bool:
        while not self._ended:
            heard = await self._outbox.get()
            self._ended = heard == ""
            if not self._ended and heard[1]:
                return True
        return False
