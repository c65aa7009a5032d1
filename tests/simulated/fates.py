"""What a provider makes of one request: which bytes come when, and how it ends. All faults are here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

NEVER = float("inf")
CONNECT_TIMEOUT = 5.0
JSON = "application/json"
SSE = "text/event-stream"
PROOF = {"x-retention": "none"}

Kind = Literal["chat", "stream", "embeddings"]


@dataclass(frozen=True, slots=True)
class Voice:
    """Whose words an answer is made of: no two attempts of a run have the same."""

    journey: int
    hop: int

    def __str__(self) -> str:
        return f"{self.journey}.{self.hop}"


@dataclass(frozen=True, slots=True)
class Fate:
    """What comes of one attempt. Delays are seconds, each after what came before it.

    `failure` comes instead of a head. `pieces` are the body; after the last one it `ends`, is `cut` or `hangs`.
    `says` is how many words it has, where nothing is wrong with it.
    """

    name: str
    head_after: float = 0.0
    failure: SendFailure | None = None
    status: int = 200
    headers: Mapping[str, str] | None = None
    pieces: tuple[tuple[float, bytes], ...] = ()
    end: Literal["ends", "cut", "hangs"] = "ends"
    says: int | None = None


def latency(random: Random) -> float:
    """Mostly a few hundred milliseconds; one in a hundred takes seconds, one in ten thousand a minute."""
    return min(90.0, 0.08 * random.paretovariate(1.4))


# --- answers that are as they should be ----------------------------------------------------------------------------


def answer(kind: Kind, voice: Voice, random: Random) -> Fate:
    """What the provider was asked for."""
    after = latency(random)
    if kind == "stream":
        words = [_say(f"{voice}:{number} ") for number in range(random.randint(1, 4))]
        pause = after / 4
        pieces = ((0.0, _ROLE), *((pause, word) for word in words), (pause, _FINISH), (0.0, _USAGE), (0.0, _DONE))
        return Fate("answer", after, headers={"content-type": SSE, **PROOF}, pieces=pieces, says=len(words))
    body = _embedding(voice) if kind == "embeddings" else _completion(str(voice))
    return Fate("answer", after, headers={"content-type": JSON, **PROOF}, pieces=((0.0, body),), says=1)


def _event(value: object) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return _event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


_COUNTS = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
_ROLE, _FINISH = _chunk({"role": "assistant", "content": ""}), _chunk({}, "stop")
_USAGE = _event(
    {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": _COUNTS}
)
_DONE = _event(b"[DONE]")
_SAID = _chunk({"content": "@"}).split(b"@")


def _say(text: str) -> bytes:
    return text.encode().join(_SAID)


def _completion(text: str) -> bytes:
    return (
        b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":'
        b'"assistant","content":"%b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,'
        b'"total_tokens":10}}' % text.encode()
    )


def _embedding(voice: Voice) -> bytes:
    return (
        b'{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[%d,%d]}],'
        b'"usage":{"prompt_tokens":7,"total_tokens":7}}' % (voice.journey, voice.hop)
    )


# --- faults --------------------------------------------------------------------------------------------------------

Fault = "Callable[[str, Kind, Voice, Random], Fate]"


def no_head(after: Callable[[Random], float], outcome: Outcome, sent: Literal["no", "maybe"]) -> Any:
    """The attempt ends before there is a head. After `NEVER`, it is the deadline that ends it."""

    def fate(name: str, _kind: Kind, _voice: Voice, random: Random) -> Fate:
        return Fate(name, after(random), SendFailure(outcome, sent))

    return fate


def status(number: int, error: dict[str, Any] | None = None, *, end: Any = "ends", **headers: str) -> Any:
    """An answer with an error status; `error` is its body's, and underscores in names of headers are dashes."""
    body = json.dumps({"error": error or {"message": "no", "type": "error"}}).encode()
    head = {"content-type": JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}

    def fate(name: str, _kind: Kind, _voice: Voice, random: Random) -> Fate:
        return Fate(name, latency(random), status=number, headers=head, pieces=((0.0, body),), end=end)

    return fate


def throttled(name: str, _kind: Kind, _voice: Voice, random: Random) -> Fate:
    """A rate limit that says for how long."""
    seconds = random.choice([0.5, 2.0, 5.0, 20.0])
    how = {"retry-after-ms": f"{seconds * 1000:.0f}"} if random.random() < 0.5 else {"retry-after": f"{seconds:g}"}
    body = b'{"error":{"message":"slow down","type":"rate_limit_error"}}'
    return Fate(name, latency(random), status=429, headers={"content-type": JSON, **how}, pieces=((0.0, body),))


def body_of(payload: bytes, *, kind: str = JSON, end: Any = "ends", proof: bool = True) -> Any:
    """A 200 whose whole body is `payload`, for whole answers and for streams alike."""

    def fate(name: str, asked: Kind, _voice: Voice, random: Random) -> Fate:
        said = SSE if asked == "stream" and kind == SSE else JSON
        headers = {"content-type": said, **(PROOF if proof else {})}
        return Fate(name, latency(random), headers=headers, pieces=((0.0, payload),), end=end)

    return fate


def cut_short(end: Literal["ends", "cut", "hangs"], *, after_content: bool) -> Any:
    """An answer of which only the beginning comes."""

    def fate(name: str, kind: Kind, voice: Voice, random: Random) -> Fate:
        whole = answer(kind, voice, random)
        if kind == "stream":
            kept = whole.pieces[: random.randint(2, len(whole.pieces) - 3) if after_content else 1]
        else:
            pause, body = whole.pieces[0]
            kept = ((pause, body[: len(body) // 2]),) if after_content else ()
        return Fate(name, whole.head_after, headers=whole.headers, pieces=kept, end=end)

    return fate


def error_within(name: str, kind: Kind, voice: Voice, random: Random) -> Fate:
    """An error after the first words of a stream; in the place of a whole answer."""
    whole = answer(kind, voice, random)
    error = b'{"error":{"message":"overloaded","type":"overloaded_error","code":503}}'
    if kind != "stream":
        return Fate(name, whole.head_after, headers=whole.headers, pieces=((0.0, error),))
    kept = whole.pieces[: random.randint(1, 2)]
    return Fate(name, whole.head_after, headers=whole.headers, pieces=(*kept, (0.1, _event(error))))


def unproven(name: str, kind: Kind, voice: Voice, random: Random) -> Fate:
    """A good answer without the header that shows that nothing is kept. It matters to the targets that attest it."""
    whole = answer(kind, voice, random)
    headers = {"content-type": (whole.headers or {})["content-type"], "x-retention": "thirty days"}
    return Fate(name, whole.head_after, headers=headers, pieces=whole.pieces, says=whole.says)


def _soon(random: Random) -> float:
    return random.uniform(0.001, 0.05)


MOVES_ON: Mapping[str, Any] = {
    "connection refused": no_head(_soon, Outcome.UNREACHABLE, "no"),
    "connect timeout": no_head(lambda _random: CONNECT_TIMEOUT, Outcome.UNREACHABLE, "no"),
    "reset before the head": no_head(_soon, Outcome.TRANSIENT, "maybe"),
    "hang before the head": no_head(lambda _random: NEVER, Outcome.TIMEOUT, "maybe"),
    "401": status(401, {"code": "invalid_api_key"}),
    "402": status(402),
    "403 region": status(403, {"code": "unsupported_country_region_territory"}),
    "404": status(404, {"code": "model_not_found"}),
    "413": status(413),
    "context too long": status(400, {"code": "context_length_exceeded"}),
    "429": status(429, {"type": "rate_limit_error"}),
    "429 with Retry-After": throttled,
    "429 quota": status(429, {"code": "insufficient_quota"}),
    "500": status(500),
    "502 from a proxy": status(502),
    "503 with Retry-After": status(503, retry_after="1"),
    "529": status(529, {"type": "overloaded_error"}),
    "redirect": status(307, location="https://elsewhere.example/v1"),
    "hang in an error body": status(500, end="hangs"),
    "malformed JSON": body_of(b'{"id": nonsense', kind=SSE),
    "empty choices": body_of(b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[],"data":[]}'),
    "error in a 200": body_of(b'{"error":{"message":"overloaded","type":"overloaded_error"}}'),
    "no content": cut_short("ends", after_content=False),
    "cut before content": cut_short("cut", after_content=False),
    "hang before content": cut_short("hangs", after_content=False),
}
"""Faults after which another target may be tried, whatever was asked for."""

MID_WAY: Mapping[str, Any] = {
    "cut mid-way": cut_short("cut", after_content=True),
    "hang mid-way": cut_short("hangs", after_content=True),
    "no finish reason": cut_short("ends", after_content=True),
    "error mid-way": error_within,
}
"""Faults after which a stream that has begun to speak is broken."""

SAYS_NO: Mapping[str, Any] = {
    "400": status(400, {"type": "invalid_request_error"}),
    "422": status(422),
    "refusal": status(400, {"code": "content_filter"}),
    "refusal in a 200": body_of(b'{"error":{"message":"no","code":"content_filter"}}'),
}
"""After these nobody else may be asked."""

DENIES: Mapping[str, Any] = {"unproven": unproven}
"""The answer does not show what the attestations of some targets say it shows."""

FAULTS: Mapping[str, Any] = {**MOVES_ON, **MID_WAY, **SAYS_NO, **DENIES}


def faulty(name: str, kind: Kind, voice: Voice, random: Random) -> Fate:
    """The fault of that name."""
    fate: Fate = FAULTS[name](name, kind, voice, random)
    return fate
