"""What tests of the transport send, and the scripts that answer it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from zdr_router.policy.dispatch import Dispatch
from zdr_router.sealed import Sealed
from zdr_router.transport.base import SendFailure

from .server import OK, Peer

if TYPE_CHECKING:
    from zdr_router.policy.clearance import Clearance

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CLEARANCE = cast("Clearance", SimpleNamespace(target=SimpleNamespace(id="somewhere")))
PROMPT = b'{"messages": []}'
PROMPTLY = 0.1
"""Seconds within which a socket must be closed once nobody wants its answer."""


JSON = {"content-type": "application/json", "authorization": "Bearer sk-made-up"}


def dispatch(  # noqa: PLR0913 - each test names the one that matters to it
    port, *, body=PROMPT, path="/v1/chat", method="POST", scheme="http", host="127.0.0.1", headers=JSON
):
    return Dispatch(
        method=method,
        url=f"{scheme}://{host}:{port}{path}",
        headers=headers,
        body=Sealed((body,) if isinstance(body, bytes) else body),
        clearance=CLEARANCE,
    )


def within(seconds=5.0):
    return asyncio.get_running_loop().time() + seconds


def replying(*answers):
    """A script that gives one answer to each request on a connection."""

    async def script(peer: Peer) -> None:
        for answer in answers:
            await peer.request()
            await peer.say(answer)
        await peer.gone()

    return script


async def exchange(transport, server, **kwargs):
    """Send, read everything; the status and the body, or the failure."""
    answer = await transport.send(dispatch(server.port, **kwargs), deadline=within())
    if isinstance(answer, SendFailure):
        return answer
    body = await answer.read()
    return body if isinstance(body, SendFailure) else (answer.status, body)


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when the queue is full")


@contextlib.contextmanager
def full_backlog():
    """A port where connecting hangs, since nobody accepts and the queue is full."""
    with socket.socket() as listener, contextlib.ExitStack() as others:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            other = others.enter_context(socket.socket())
            other.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
            other.connect_ex(listener.getsockname())
        time.sleep(0.01)
        yield listener.getsockname()[1]


def sockets_to(port):
    """How many sockets of this process are connected to a port: for a server that reads nothing and so sees nothing."""
    count = 0
    for item in gc.get_objects():
        if type(item) is socket.socket and item.family == socket.AF_INET and item.fileno() != -1:
            with contextlib.suppress(OSError):
                count += item.getpeername()[1] == port
    return count


async def deaf(peer):
    """Take the head of a request, then read nothing more."""
    await peer.head()
    peer.writer.transport.pause_reading()
    await asyncio.sleep(5)


ESTABLISHED, CLOSED, CLOSE_WAIT = 1, 7, 8


def tcp_state(peer):
    """What the kernel knows of a connection, for a server that does not read and so hears of no end."""
    return peer.writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
