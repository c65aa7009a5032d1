"""The request's own `provider` object, with OpenRouter's names. It can only tighten and order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from zdr_router.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

Sort = Literal["price", "throughput", "latency"]

_SORTS: Final[tuple[Sort, ...]] = ("price", "throughput", "latency")
_KNOWN: Final = frozenset(
    {
        "zdr",
        "only",
        "ignore",
        "order",
        "allow_fallbacks",
        "require_parameters",
        "data_collection",
        "max_price",
        "sort",
        "regions",
    }
)
_PRICES: Final = frozenset({"prompt", "completion"})
_HIGHEST_PRICE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a request asks of its targets, beyond policy.

    `only`, `ignore` and `order` name providers, configurations or targets. `max_input` and `max_output` are
    US dollars for a million tokens. Zero retention, no training and full support of every parameter hold for
    every request, so `zdr`, `data_collection` and `require_parameters` are read, checked and change nothing.
    """

    only: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    allow_fallbacks: bool = True
    max_input: float | None = None
    max_output: float | None = None
    sort: Sort | None = None
    regions: frozenset[str] | None = None

    @property
    def narrows(self) -> bool:
        """Whether any target could be refused on account of these preferences."""
        return bool(
            self.only is not None
            or self.ignore
            or self.max_input is not None
            or self.max_output is not None
            or self.regions is not None
        )

    @classmethod
    def read(cls, value: object) -> Preferences:
        """Read the `provider` member of a body; `InvalidRequest` says what is wrong with it."""
        if value is None:
            return NO_PREFERENCES
        if not isinstance(value, dict):
            raise _wrong("must be an object")
        if not _KNOWN.issuperset(value):
            raise _wrong(f"knows only {', '.join(sorted(_KNOWN))}")
        for name in ("zdr", "require_parameters"):
            _bool(value, name)
        if value.get("data_collection") not in (None, "deny", "allow"):
            raise _wrong('takes "deny" or "allow" as data_collection')
        prices = _prices(value)
        only, regions = _names(value, "only"), _names(value, "regions")
        return cls(
            only=None if only is None else frozenset(only),
            ignore=frozenset(_names(value, "ignore") or ()),
            order=_names(value, "order") or (),
            allow_fallbacks=_bool(value, "allow_fallbacks"),
            max_input=prices.get("prompt"),
            max_output=prices.get("completion"),
            sort=_sort(value),
            regions=None if regions is None else frozenset(regions),
        )


NO_PREFERENCES: Final = Preferences()


def _wrong(what: str) -> InvalidRequest:
    return InvalidRequest(f"`provider` {what}", param="provider")


def _bool(value: Mapping[str, object], name: str) -> bool:
    given = value.get(name)
    if given is None:
        return True
    if not isinstance(given, bool):
        raise _wrong(f"takes true or false as {name}")
    return given


def _names(value: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    given = value.get(name)
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise _wrong(f"takes a list of names as {name}")
    return tuple(given)


def _prices(value: Mapping[str, object]) -> dict[str, float]:
    given = value.get("max_price")
    if given is None:
        return {}
    if not isinstance(given, dict) or not _PRICES.issuperset(given):
        raise _wrong("takes {prompt, completion} as max_price, in US dollars for a million tokens")
    prices: dict[str, float] = {}
    for name, price in given.items():
        if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 <= price <= _HIGHEST_PRICE:
            raise _wrong("takes numbers from 0 to a million as prices")
        prices[name] = float(price)
    return prices


def _sort(value: Mapping[str, object]) -> Sort | None:
    given = value.get("sort")
    if given is None:
        return None
    for sort in _SORTS:
        if given == sort:
            return sort
    raise _wrong(f"takes one of {', '.join(_SORTS)} as sort")
