"""A model as an entry of OpenRouter's list describes it: its id, what it can do, and what it costs."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FEATURES: Final = {
    "tools": frozenset({"tools"}),
    "json": frozenset({"response_format", "structured_outputs"}),
    "logprobs": frozenset({"logprobs"}),
    "reasoning": frozenset({"reasoning", "include_reasoning"}),
}
"""A capability, and the parameters any of which says that it is there."""

_MILLION: Final = 1_000_000
_SIDES: Final = {"input": "prompt", "output": "completion"}


def model_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of `models`: proxied, streaming, with what its parameters tell. Media are not on the list."""
    parameters = {each for each in _list(entry.get("supported_parameters")) if isinstance(each, str)}
    model: dict[str, Any] = {"id": entry["model_id"]}
    context = entry.get("context_length")
    if type(context) is int and context > 0:
        model["context"] = context
    model["features"] = ["stream", *(name for name, any_of in _FEATURES.items() if any_of & parameters)]
    price = _price(entry.get("pricing"))
    if price is not None:
        model["price"] = price
    return {**model, "origin": "proxied"}


def _price(pricing: object) -> dict[str, float] | None:
    """US dollars for a million tokens, at the dearest terms that the entry names; None where it is not by the token."""
    if not isinstance(pricing, dict) or _dollars(pricing.get("request", "0")) != 0:
        return None
    price: dict[str, float] = {}
    for side, name in _SIDES.items():
        terms = list(_terms(pricing, name))
        if not terms or None in terms:
            return None
        price[side] = float(max(each for each in terms if each is not None) * _MILLION)
    return price


def _terms(pricing: Mapping[str, Any], name: str) -> Iterator[Decimal | None]:
    """What a token costs by default, and under each condition. A discount may end, so none is taken off."""
    yield _dollars(pricing.get(name))
    for override in _list(pricing.get("overrides")):
        if isinstance(override, dict) and name in override:
            yield _dollars(override[name])


def _dollars(value: object) -> Decimal | None:
    """A price as the list writes it; None where it is no amount (a negative one means that it varies)."""
    if not isinstance(value, str):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
