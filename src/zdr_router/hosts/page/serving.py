"""Serves the page and its style sheets, and nothing else. Made anew at most every few seconds, however many ask."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from zdr_router.hosts.page.facts import States

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]

_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HTML: Final = b"text/html; charset=utf-8"
_CSS: Final = b"text/css; charset=utf-8"
_TEXT: Final = b"text/plain; charset=utf-8"


class Pages(Protocol):
    """What makes the page, and what lies beside it."""

    styles: Mapping[str, bytes]

    def look(self) -> States:
        """How everything is doing; quick."""
        ...

    def page(self, states: States) -> bytes:
        """The page with that; it may take a while."""
        ...


class TrustPage:
    """An ASGI app: `/`, `/site.css` and `/page.css`. It keeps no log of who asked."""

    def __init__(self, pages: Pages, every: float) -> None:
        """Nothing is made before somebody asks."""
        self._pages = pages
        self._every = every
        self._page = b""
        self._due = float("-inf")
        self._turn = asyncio.Lock()

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer one request. There is nothing to start or end."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        status, kind, body = await self._answer(scope)
        cached = b"no-cache" if kind == _HTML else b"max-age=300"
        about = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", cached)]
        await send({"type": "http.response.start", "status": status, "headers": [*about, *_HEADERS]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope) -> tuple[int, bytes, bytes]:
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, _TEXT, b"this is a page to look at\n"
        path: str = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if path == "/":
            return 200, _HTML, await self._current()
        style = self._pages.styles.get(path.removeprefix("/"))
        return (404, _TEXT, b"there is nothing here\n") if style is None else (200, _CSS, style)

    async def _current(self) -> bytes:
        """The page, made in a thread: requests of others do not wait for it."""
        async with self._turn:
            if time.monotonic() >= self._due:
                self._page = await asyncio.to_thread(self._pages.page, self._pages.look())
                self._due = time.monotonic() + self._every
            return self._page
