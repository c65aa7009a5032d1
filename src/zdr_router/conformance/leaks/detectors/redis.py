"""A database of Redis or Valkey: every key, and every value of every type."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.leaks.detectors.base import Off
from zdr_router.conformance.leaks.findings import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.forms import Needles

_READ: Final[Mapping[bytes, Callable[[Any, bytes], Iterable[bytes]]]] = {
    b"string": lambda server, key: [server.get(key)],
    b"hash": lambda server, key: [part for pair in server.hgetall(key).items() for part in pair],
    b"list": lambda server, key: server.lrange(key, 0, -1),
    b"set": lambda server, key: server.smembers(key),
    b"zset": lambda server, key: server.zrange(key, 0, -1),
    b"stream": lambda server, key: [
        part for _, fields in server.xrange(key) for pair in fields.items() for part in pair
    ],
}


class Redis:
    """Looks at the database that `url` names; it should hold nothing but what is tested."""

    name: Final = "redis"

    def __init__(self, url: str) -> None:
        """Nobody is asked yet."""
        self._url = url

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """A connection of its own. Raises `Off` without the client, or where nobody answers."""
        server = _server(self._url)
        try:

            def search(needles: Needles) -> Iterator[Trace]:
                for key in server.scan_iter(count=1000):
                    where = f"the value of {key.decode('utf-8', 'backslashreplace')}"
                    for hit in needles.search(key):
                        where = "the value of such a key"
                        yield Trace("the name of a key", hit.canary, hit.encoding)
                    for value in _values(server, key):
                        for hit in needles.search(value):
                            yield Trace(where, hit.canary, hit.encoding)

            yield search
        finally:
            server.close()


def _server(url: str) -> Any:  # noqa: ANN401 - the client is optional, and so are its types
    try:
        client = importlib.import_module("redis")
    except ImportError:
        client = None
    if client is None:
        raise Off("the client of Redis is not installed: pip install 'zdr-router[redis]'")
    server = client.Redis.from_url(url)
    try:
        server.ping()
    except client.RedisError as error:
        why = f"the Redis server does not answer: {type(error).__name__}"
    else:
        return server
    raise Off(why)


def _dump(server: Any, key: bytes) -> list[bytes]:  # noqa: ANN401 - as above
    return [server.dump(key)]


def _values(server: Any, key: bytes) -> Iterator[bytes]:  # noqa: ANN401 - as above
    """The parts of a value; of a type that is not known here, its dump. One that has lapsed meanwhile has none."""
    read = _READ.get(server.type(key), _dump)
    for part in read(server, key):
        if part is not None:
            yield part
