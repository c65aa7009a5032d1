import base64
import gzip
import json
import re
import secrets
import zlib
from urllib.parse import quote, quote_plus

import pytest

from zdr_router.conformance.leaks.forms import Needles

CANARY = "canary é+/?" + secrets.token_hex(8)

FORMS = {
    "plain": lambda text: text.encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32-le": lambda text: text.encode("utf-32-le"),
    "utf-32-be": lambda text: text.encode("utf-32-be"),
    "json": lambda text: json.dumps(text).encode(),
    "json, every character": lambda text: "".join(f"\\u{ord(each):04x}" for each in text).encode(),
    "json, capitals": lambda text: "".join(f"\\u{ord(each):04X}" for each in text).encode(),
    "url": lambda text: quote(text).encode(),
    "url, slashes too": lambda text: quote(text, safe="").encode(),
    "url, lower case": lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text)).encode(),
    "url, a form": lambda text: quote_plus(text).encode(),
    "url, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "hex, capitals": lambda text: text.encode().hex().upper().encode(),
    **{
        f"{kind.__name__}, {offset}": lambda text, kind=kind, offset=offset: kind(
            b"\xfb\xff"[:offset] + text.encode() + b"\xff\xfe"
        )
        for kind in (base64.standard_b64encode, base64.urlsafe_b64encode)
        for offset in range(3)
    },
}
PACKED = {"gzip": gzip.compress, "zlib": zlib.compress, "zlib, fast": lambda data: zlib.compress(data, 1)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", [b"", b"\0\0\0\0", b"text", "text".encode("utf-16-le")])
def test_a_canary_is_found_in_every_form(form, around):
    data = around + FORMS[form](CANARY) + around
    (hit,) = Needles({"prompt": CANARY, "answer": "another one"}).search(data)
    assert hit.canary == "prompt"
    assert hit.encoding.split("-")[0] in form.replace("standard_b64encode", "base64").replace(
        "urlsafe_b64", "base64url"
    )
    assert abs(hit.at - len(around)) < 4


@pytest.mark.parametrize("pack", PACKED)
@pytest.mark.parametrize("form", ["plain", "utf-16-le", "standard_b64encode, 1"])
def test_a_canary_is_found_in_a_compressed_stream(pack, form):
    data = b"before\x1f\x8b\x08" + PACKED[pack](b"x" * 100_000 + FORMS[form](CANARY)) + b"after"
    (hit,) = Needles({"prompt": CANARY}).search(data)
    assert hit.encoding.endswith(f" in {pack.split(',')[0]}")
    assert 9 <= hit.at < 12
    assert list(Needles({"prompt": CANARY}).search(data, compressed=False)) == []


def test_a_canary_is_found_in_what_was_compressed_twice_and_in_a_stream_that_was_cut():
    needles = Needles({"prompt": CANARY})
    packed = zlib.compress(CANARY.encode())
    assert "plain in zlib in gzip" in {hit.encoding for hit in needles.search(gzip.compress(packed, 9))}
    assert [hit.encoding for hit in needles.search(gzip.compress(CANARY.encode() + bytes(100))[:-9])] == [
        "plain in gzip"
    ]


def test_a_compressed_stream_is_read_within_bounds(monkeypatch):
    monkeypatch.setattr("zdr_router.conformance.leaks.forms.LARGEST", 1000)
    needles = Needles({"prompt": CANARY})
    assert list(needles.search(gzip.compress(b"x" * 1001 + CANARY.encode()))) == []
    assert list(needles.search(gzip.compress(b"x" * 500 + CANARY.encode()))) != []


def test_every_copy_is_counted_and_canaries_that_begin_alike_are_told_apart():
    needles = Needles({"long": "canary-one-and-more", "short": "canary-one", "other": b"canary-\xff\xfe"})
    data = b"canary-one canary-one-and-more canary-\xff\xfe canary-one-and-mor"
    assert [(hit.canary, hit.at) for hit in needles.search(data)] == [
        ("short", 0),
        ("long", 11),
        ("other", 31),
        ("short", 41),
    ]


def test_nothing_is_found_where_there_is_nothing():
    assert list(Needles({"prompt": CANARY}).search(secrets.token_bytes(1_000_000))) == []


@pytest.mark.parametrize(
    ("canaries", "why"),
    [
        ({}, "no canary"),
        ({"prompt": "short"}, "prompt has fewer than 8"),
        ({"prompt": "the same", "answer": b"the same"}, "answer is another one's"),
    ],
)
def test_needles_that_could_not_tell_are_refused(canaries, why):
    with pytest.raises(ValueError, match=why):
        Needles(canaries)


def test_needles_show_no_canary():
    needles = Needles({"prompt": CANARY})
    assert "prompt" not in repr(needles)
    assert list(needles.search(repr(needles).encode() + needles._search.pattern)) == []
