"""The kit's provider is a process of its own, behaves as it is told, and says what came."""

from __future__ import annotations

import json
import socket

import pytest

from zdr_router.conformance.leaks.asking import asked
from zdr_router.conformance.leaks.canaries import PLACES, Canaries
from zdr_router.conformance.leaks.paths import PATHS
from zdr_router.conformance.leaks.provider.behaviours import BEHAVIOURS
from zdr_router.conformance.leaks.provider.handle import Provider

ENOUGH = 12
CHAT = next(path for path in PATHS if path.name == "answer")


@pytest.fixture
def provider():
    with Provider("a seed") as provider:
        yield provider


def said(provider, *, stream=False, path="/v1/chat/completions"):
    """What it says until it closes, has said enough, or has said nothing for a while."""
    words = Canaries("a seed").of("p")
    body = json.dumps({"model": "m", "stream": stream, **asked(CHAT, words)}).encode()
    with socket.create_connection(("127.0.0.1", provider.port), timeout=0.4) as caller:
        caller.sendall(b"POST %s HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (path.encode(), len(body), body))
        pieces = []
        try:
            while len(pieces) < ENOUGH and (piece := caller.recv(65536)):
                pieces.append(piece)
        except (TimeoutError, ConnectionError):
            pass
    return b"".join(pieces)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_each_behaviour_says_a_word_where_it_says_anything(provider, behaviour):
    provider.behave(behaviour, "p")
    heard = said(provider, stream=behaviour.startswith("stream"))
    words = Canaries("a seed").of("p")
    if behaviour in {"hang", "reset"}:
        assert heard == b""
    else:
        assert any(words[place].encode() in heard for place in ("answer", "delta", "error"))
        assert words["header"].encode() in heard
    count, places = provider.arrived()
    assert (count, places) == (1, {"system", "prompt", "tool", "image"})


def test_the_spare_one_answers_well_whatever_the_other_does(provider):
    provider.behave("error-500", "p")
    assert said(provider).startswith(b"HTTP/1.1 500 ")
    assert said(provider, path="/spare/v1/chat/completions").startswith(b"HTTP/1.1 200 ")
    assert provider.arrived().requests == 2
    provider.behave("answer", "q")
    assert provider.arrived() == (0, frozenset())


def test_words_of_a_place_begin_alike_and_differ_by_path():
    canaries = Canaries("a seed")
    words = {canaries.word(path, place) for path in ("p", "q") for place in PLACES}
    assert len(words) == 2 * len(PLACES)
    assert len({word[:12] for word in words}) == len(PLACES)
    assert len({word[:6] for word in words}) == 1
    assert canaries.word("p", "prompt") == Canaries("a seed").word("p", "prompt")
    assert canaries.word("p", "prompt") != Canaries("another").word("p", "prompt")
    with pytest.raises(KeyError):
        canaries.of("p")["nowhere"]


def test_a_provider_that_has_ended_says_so():
    with Provider("a seed") as provider:
        provider._process.kill()
        provider._process.wait()
        with pytest.raises(RuntimeError, match="has ended"):
            provider.behave("answer", "p")
    with pytest.raises(RuntimeError, match="not started"):
        provider.arrived()
