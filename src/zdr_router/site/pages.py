"""A registry as the files of its catalogue, by their path. The same registry and day give the same bytes."""

from __future__ import annotations

import json
from collections import Counter
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

import zdr_router
from zdr_router.registry.vocabulary import FEATURES
from zdr_router.site import words
from zdr_router.site.rows import SOON, choices, groups
from zdr_router.site.timeline import timeline

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from zdr_router.registry import Registry

_BESIDE: Final = ("site.css", "site.js")
"""What lies beside the pages as it is."""


def pages(registry: Registry, today: dt.date) -> Mapping[str, bytes]:
    """Every file of the catalogue as of `today` (UTC), by its path with slashes."""
    environment = _environment()
    found = groups(registry, today)
    rows = [row for group in found for row in group.rows]
    common = {
        "words": words,
        "features": FEATURES,
        "soon": SOON,
        "groups": found,
        "rows": rows,
        "counts": Counter(row.verdict.kind for row in rows),
        "today": today,
        "digest": registry.digest,
        "version": zdr_router.__version__,
    }

    def page(template: str, *, root: str = "", **more: Any) -> bytes:  # noqa: ANN401 - whatever a template shows
        return environment.get_template(template).render(root=root, **common, **more).encode()

    files = {
        "index.html": page("index.html", choices=choices(rows)),
        "timeline.html": page("timeline.html", timeline=timeline(rows, today)),
        "about.html": page("about.html"),
    }
    for group in found:
        files[f"provider/{group.provider.id}.html"] = page("provider.html", root="../", group=group)
    static = resources.files("zdr_router.site") / "static"
    return MappingProxyType({**files, **{name: (static / name).read_bytes() for name in _BESIDE}})


def _environment() -> Environment:
    """Everything is escaped, whatever a template is called, and a name that is not there is an error."""
    environment = Environment(
        loader=PackageLoader("zdr_router.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.filters["thousands"] = lambda number: f"{number:,}".replace(",", "\u202f")
    environment.filters["money"] = lambda amount: f"{amount:.2f}" if round(amount, 2) == amount else f"{amount:g}"
    return environment
