"""Reads off a request what it uses and asks for; never what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from zdr_router.errors import InvalidRequest
from zdr_router.policy.preferences import NO_PREFERENCES, Preferences
from zdr_router.policy.readers import Reader, compiled, recorded
from zdr_router.policy.unread import missing, note_key
from zdr_router.registry.vocabulary import FEATURES, REQUESTS, Media
from zdr_router.registry.vocabulary.shapes import Object, Scalar, Shape, Table

_TEXT_ONLY: Final[frozenset[Media]] = frozenset({"text"})


class Requirements(NamedTuple):
    """What a request uses and asks for. Holds words of the vocabulary and places, nothing of the caller's text.

    `parameters` are the top-level names that are present, not null and forwarded. `features` are ids of the
    vocabulary, without those that the router itself reads. `media` is what the request sends or asks for.
    `unknown` are places that the vocabulary does not know, at most `UNKNOWN_LIMIT` of them; `messages[].#3` is
    the third key of a message. A tuple, because one is made for every request and a frozen dataclass costs
    three times as much.
    """

    endpoint: str
    parameters: frozenset[str]
    features: frozenset[str]
    media: frozenset[Media]
    unknown: tuple[str, ...]
    stream: bool
    preferences: Preferences

    @classmethod
    def probe(cls, endpoint: str) -> Requirements:
        """What a look at a target uses of `endpoint`: nothing, since nothing of anybody's leaves."""
        return cls(endpoint, frozenset(), frozenset(), _TEXT_ONLY, (), stream=False, preferences=NO_PREFERENCES)

    def __repr__(self) -> str:
        """Without the preferences, which hold names that the caller chose."""
        return (
            f"Requirements(endpoint={self.endpoint!r}, parameters={sorted(self.parameters)}, "
            f"features={sorted(self.features)}, media={sorted(self.media)}, unknown={list(self.unknown)}, "
            f"stream={self.stream})"
        )


def read(endpoint: str, body: Mapping[str, object]) -> Requirements:
    """Read the body of a request to this endpoint of the vocabulary's `REQUESTS`.

    Raises `InvalidRequest` for what no provider could serve, in words that quote nothing of the body.
    """
    layout = _LAYOUTS.get(endpoint)
    if layout is None:
        raise InvalidRequest(f"requests are read for {', '.join(_LAYOUTS)} only")
    # The first test is the quick one, and true for every body off the wire.
    if type(body) is not dict and not isinstance(body, Mapping):
        raise InvalidRequest("the body must be an object")
    readers = layout.readers
    parameters = layout.forwarded.intersection(body)
    features: set[str] = set()
    unknown: list[str] = []
    for name, value in body.items():
        reader = readers.get(name)
        if reader is None:
            note_key("body", body, name, unknown)
        elif value is None:
            parameters -= {name}
        else:
            reader(value, features, unknown)
    for name in layout.required:
        if body.get(name) is None:
            raise missing(name)
    for name, feature in layout.absent:
        if body.get(name) is None:
            features.add(feature)
    provider = body.get("provider")
    return Requirements(
        endpoint,
        parameters,
        frozenset(features),
        _TEXT_ONLY if _WITH_MEDIA.isdisjoint(features) else _media(features),
        tuple(unknown),
        body.get("stream") is True,
        NO_PREFERENCES if provider is None else Preferences.read(provider),
    )


def _media(features: set[str]) -> frozenset[Media]:
    return _TEXT_ONLY.union([FEATURES[feature].media for feature in features])


@dataclass(frozen=True, slots=True)
class _Layout:
    """The compiled top level of one body."""

    readers: Mapping[str, Reader]
    forwarded: frozenset[str]
    required: tuple[str, ...]
    absent: tuple[tuple[str, str], ...]


def _layout(shape: Object) -> _Layout:
    return _Layout(
        readers={name: compiled(inner, name) for name, inner in shape.keys.items()},
        forwarded=frozenset(name for name, inner in shape.keys.items() if not _router_reads(inner)),
        required=shape.required,
        absent=tuple((name, recorded(what)) for name, what in shape.absent.items()),
    )


def _router_reads(shape: Shape) -> bool:
    return isinstance(shape, Scalar | Table) and bool(shape.feature) and not recorded(shape.feature)


_WITH_MEDIA: Final = frozenset(feature.id for feature in FEATURES.values() if feature.media != "text")
_LAYOUTS: Final = {endpoint: _layout(shape) for endpoint, shape in REQUESTS.items()}
