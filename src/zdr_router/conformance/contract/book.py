"""The checks of the contract, in order: those on the wire, and those that ask the provider itself."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

from zdr_router.conformance.book import Page
from zdr_router.conformance.contract import live, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

    from zdr_router.conformance.contract.bench import Bench
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

    WireCheck = Callable[[Bench], Coroutine[Any, Any, Verdict]]
    LiveCheck = Callable[[Session], Coroutine[Any, Any, Verdict]]

Kind = Literal["wire", "live"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its page: the docstring of its module. `requests` is how many a live check sends at most."""

    page: Page
    kind: Kind
    requests: int = 0

    @property
    def id(self) -> str:
        """The id of its page."""
        return self.page.id


@cache
def wire_checks() -> tuple[tuple[Check, WireCheck], ...]:
    """Every check on the wire, by id."""
    found = [(Check(_page(module), "wire"), cast("WireCheck", module.check)) for module in _modules(wire)]
    return tuple(sorted(found, key=lambda pair: pair[0].id))


@cache
def live_checks() -> tuple[tuple[Check, LiveCheck], ...]:
    """Every check that asks the provider, by id."""
    found = [
        (Check(_page(module), "live", module.REQUESTS), cast("LiveCheck", module.check)) for module in _modules(live)
    ]
    return tuple(sorted(found, key=lambda pair: pair[0].id))


def checks() -> tuple[Check, ...]:
    """All of them."""
    return tuple(check for check, _ in (*wire_checks(), *live_checks()))


def pages() -> tuple[Page, ...]:
    """What each check shows, by id."""
    return tuple(check.page for check in checks())


def _modules(package: ModuleType) -> list[Any]:
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def _page(module: Any) -> Page:  # noqa: ANN401 - a module of one check
    title, _, text = inspect.cleandoc(module.__doc__ or "").partition("\n")
    return Page(module.ID, title.removesuffix("."), text.strip())
