"""How a compressed body is read: gzip or zlib only, never past the limit, never as whole when it was cut short."""

from __future__ import annotations

import zlib
from typing import Final

ACCEPTED: Final = frozenset({"gzip", "x-gzip", "deflate"})
GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


class Inflater:
    """Decompresses one body. Its methods raise `zlib.error` when the bytes are not what they should be."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        """Recognise gzip and zlib by their first bytes."""
        self._stream = zlib.decompressobj(GZIP_OR_ZLIB)

    @property
    def complete(self) -> bool:
        """Whether the end of the compressed data has come."""
        return self._stream.eof

    def inflate(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of what `data` holds; the rest is dropped, so a caller asks for one too many."""
        plain = b"" if self._stream.eof else self._stream.decompress(data, limit)
        if self._stream.unused_data or (self._stream.eof and not plain):
            message = "bytes after the end of the compressed data"
            raise zlib.error(message)
        return plain
