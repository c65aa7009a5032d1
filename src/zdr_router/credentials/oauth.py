"""How a token is asked for and what an answer is worth: OAuth 2.0 at its simplest, a form for a bearer token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode

import orjson

from zdr_router.metadata import Outcome
from zdr_router.policy.errand import Errand
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from zdr_router.credentials.base import Reply

_OK: Final = 200
_LONGEST: Final = 24 * 3600.0
_TOKEN: Final = re.compile(r"[!-~]{1,16384}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_ABOUT_THE_CREDENTIAL: Final = range(400, 500)
_PASSING: Final = frozenset({408, 409, 421, 425, 429})


class Token(NamedTuple):
    """A bearer token, and for how many seconds from when it was asked for it holds."""

    text: Sealed[str]
    lifetime: float


def ask(endpoint: str, **form: str) -> Errand:
    """The request for a token."""
    return Errand(endpoint, Sealed((urlencode(form).encode(),)))


def read_token(reply: Reply | None) -> Token | Outcome:
    """The token of an answer; CREDENTIAL when the endpoint says no, TRANSIENT for all else that is none."""
    if reply is None:
        return Outcome.TRANSIENT
    if reply.status != _OK:
        says_no = reply.status in _ABOUT_THE_CREDENTIAL and reply.status not in _PASSING
        return Outcome.CREDENTIAL if says_no else Outcome.TRANSIENT
    try:
        answer = orjson.loads(reply.body.open())
    except orjson.JSONDecodeError:
        return Outcome.TRANSIENT
    if not isinstance(answer, dict) or str(answer.get("token_type", "bearer")).lower() != "bearer":
        return Outcome.TRANSIENT
    text, lifetime = answer.get("access_token"), _lifetime(answer.get("expires_in"))
    if not isinstance(text, str) or _TOKEN.fullmatch(text) is None or not lifetime:
        return Outcome.TRANSIENT
    return Token(Sealed(text), min(lifetime, _LONGEST))


def _lifetime(value: object) -> float:
    """Seconds; some endpoints write them as text. Nothing when it is not said, so that no token is kept for ever."""
    return float(str(value)) if type(value) in (int, str) and _SECONDS.fullmatch(str(value)) else 0.0
