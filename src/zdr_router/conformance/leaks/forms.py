"""What a canary looks like after software had it in its hands, and whether bytes hold any of that."""

from __future__ import annotations

import base64
import json
import re
import sys
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHORTEST: Final = 8
"""Bytes that a canary has at least: a shorter one may be found by chance."""

LARGEST: Final = 32 * 1024 * 1024
"""How many bytes of one compressed stream are looked at."""

DEEPEST: Final = 3
"""How often what was decompressed is decompressed again."""

_STREAM: Final = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", re.DOTALL)
_ZEROS: Final = bytes(380)
_AUTO: Final = 32 + zlib.MAX_WBITS
_TRIES: Final = 64 * 1024
"""Bytes that a compressed stream is tried with before it is read: most of what begins like one is none."""


class Hit(NamedTuple):
    """A canary that was found: which one, in which encoding, and how many bytes from the beginning.

    One within a compressed stream is where that begins, and its encoding says so: `base64 in gzip`.
    """

    canary: str
    encoding: str
    at: int


class Needles:
    """Canaries to look for, by name. A name is shown and says where one was planted; a canary is never shown.

    Those that begin alike are looked for ten times faster than those that do not.
    """

    def __init__(self, canaries: Mapping[str, bytes | str]) -> None:
        """Work out every form. Raises `ValueError` where there is no canary, one is too short, or two are the same."""
        if not canaries:
            message = "there is no canary to look for"
            raise ValueError(message)
        self._given = tuple(canaries.values())
        self._made: list[bytes | str] = []
        known: dict[bytes, tuple[str, str]] = {}
        for name, canary in canaries.items():
            raw = canary.encode() if isinstance(canary, str) else canary
            if len(raw) < SHORTEST:
                message = f"the canary {name} has fewer than {SHORTEST} bytes, and may be found by chance"
                raise ValueError(message)
            if raw in known:
                message = f"the canary {name} is another one's, or a form of it"
                raise ValueError(message)
            for encoding, form in self._forms(raw):
                known.setdefault(form, (name, encoding))
        tree = _Tree(sorted(known))
        self._made += known
        self._search = re.compile(tree.pattern)
        self._found = tuple(known[form] for form in tree.leaves)
        self.longest = max(map(len, known))

    def search(self, data: bytes | bytearray | memoryview, *, compressed: bool = True) -> Iterator[Hit]:
        """Every canary in `data`, and with `compressed` also those in gzip and zlib streams anywhere in it."""
        yield from self.plainly(data)
        if compressed:
            yield from self.compressed(data)

    def plainly(self, data: bytes | bytearray | memoryview) -> Iterator[Hit]:
        """Every canary that is not in a compressed stream."""
        for found in self._search.finditer(data):
            yield Hit(*self._found[(found.lastindex or 1) - 1], found.start())

    def compressed(self, data: bytes | bytearray | memoryview, depth: int = 1) -> Iterator[Hit]:
        """Every canary in what decompresses, and in what that decompresses to."""
        view = memoryview(data)
        for begin in _STREAM.finditer(data):
            at = begin.start()
            inner = _inflate(view[at:])
            if not inner:
                continue
            kind = "gzip" if view[at] == 0x1F else "zlib"  # noqa: PLR2004 - the first byte of gzip
            for hit in self.plainly(inner):
                yield Hit(hit.canary, f"{hit.encoding} in {kind}", at)
            if depth < DEEPEST:
                for hit in self.compressed(inner, depth + 1):
                    yield Hit(hit.canary, f"{hit.encoding} in {kind}", at)

    def owned(self) -> tuple[object, ...]:
        """The objects that hold a canary because it is looked for: those that were given, and those made of them."""
        return (*self._given, *self._made)

    def places(self) -> tuple[tuple[int, int], ...]:
        """From where to where those lie in the memory of this process."""
        return tuple(sorted((id(each), id(each) + sys.getsizeof(each)) for each in self.owned()))

    def __repr__(self) -> str:
        """How many there are."""
        return f"<needles, {len(self._given)} canaries in {len(self._found)} forms>"

    def _forms(self, raw: bytes) -> Iterator[tuple[str, bytes]]:
        """Every form, by the name of its encoding. What is made on the way is kept: it would lie in freed memory."""
        made = self._made
        made.append(raw)
        yield "plain", raw
        for offset in range(3):
            made += (padded := bytes(offset) + raw, coded := base64.b64encode(padded))
            base64.b64encode(_ZEROS)  # over what the last one left on the stack
            # Without the digits that depend on a neighbour.
            first, last = -(-offset * 8 // 6), len(padded) * 8 // 6
            made += (digits := coded[first:last], safe := digits.translate(_URL_SAFE))
            yield "base64", digits
            yield "base64url", safe
        made += (low := raw.hex(), high := low.upper(), low.encode(), high.encode())
        yield "hex", low.encode()
        yield "hex", high.encode()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return
        made.append(text)
        for encoding, form in _texts(text):
            made.append(form)
            yield encoding, form


_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def _texts(text: str) -> Iterator[tuple[str, bytes]]:
    for codec in ("utf-16", "utf-32"):
        for order in ("-le", "-be"):
            # Without the zeros at its ends, between which little and big end look the same.
            yield codec, text.encode(codec + order).strip(b"\0")
    yield "json", json.dumps(text)[1:-1].encode()
    yield "json", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    units = text.encode("utf-16-be").hex("-", 2).split("-")
    yield "json", "".join(f"\\u{unit}" for unit in units).encode()
    yield "json", "".join(f"\\u{unit.upper()}" for unit in units).encode()
    for quoted in (quote(text, safe=""), quote_plus(text), quote(text)):
        yield "url", quoted.encode()
        yield "url", re.sub("%..", lambda code: code[0].lower(), quoted).encode()
    pairs = text.encode().hex("-").split("-")
    yield "url", "".join(f"%{pair}" for pair in pairs).encode()
    yield "url", "".join(f"%{pair.upper()}" for pair in pairs).encode()


class _Tree:
    """One expression for all forms: a tree of their bytes, so that a byte is looked at once for all of them.

    It is written in hexadecimal, so that it holds none of them itself. The number of the group that ends a match says
    which one was found, so that nothing is copied out of what is searched.
    """

    def __init__(self, forms: list[bytes]) -> None:
        self.leaves: list[bytes] = []
        self.pattern = self._branch([(form, form) for form in forms])

    def _branch(self, forms: list[tuple[bytes, bytes]]) -> bytes:
        """The expression for what is left of some forms, each given with the whole of it."""
        if len(forms) == 1:
            rest, whole = forms[0]
            self.leaves.append(whole)
            return b"".join(b"\\x%02x" % byte for byte in rest) + b"()"
        branches: dict[int, list[tuple[bytes, bytes]]] = {}
        for rest, whole in forms:
            if rest:
                branches.setdefault(rest[0], []).append((rest[1:], whole))
        alternatives = [b"\\x%02x%b" % (first, self._branch(rests)) for first, rests in branches.items()]
        ended = [whole for rest, whole in forms if not rest]
        if ended:  # what a longer one begins with: the longer one is tried first
            self.leaves += ended
            alternatives.append(b"()")
        return alternatives[0] if len(alternatives) == 1 else b"(?:%b)" % b"|".join(alternatives)


def _inflate(data: memoryview) -> bytes:
    """What a stream at the beginning of `data` comes to, as far as it can be read."""
    reader = zlib.decompressobj(_AUTO)
    pieces: list[bytes] = []
    size = at = 0
    try:
        while not reader.eof and size < LARGEST and at < len(data):
            window = data[at : at + _TRIES]
            pieces.append(reader.decompress(window, LARGEST - size))
            size += len(pieces[-1])
            at += len(window)
            if reader.unconsumed_tail:
                break
    except zlib.error:
        pass
    return b"".join(pieces)
