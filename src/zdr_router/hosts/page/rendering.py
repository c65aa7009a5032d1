"""The page as HTML, in the look of the catalogue and with its words; and the style sheets beside it."""

from __future__ import annotations

from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Final

import zdr_router
from zdr_router.conformance.statement.page import HEAD
from zdr_router.conformance.statement.record import RECORDED
from zdr_router.hosts.page.facts import facts, live
from zdr_router.site import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

    from zdr_router.hosts.page.counts import RefusalCounts
    from zdr_router.hosts.page.facts import States
    from zdr_router.router import AsyncRouter

_STYLES: Final = {"site.css": "zdr_router.site", "page.css": "zdr_router.hosts.page"}


class Renderer:
    """Makes the page of a router."""

    def __init__(self, router: AsyncRouter, counts: RefusalCounts | None, service: str) -> None:
        """Style sheets are read once; the template is read for the first page."""
        self._router = router
        self._counts = counts
        self._service = service
        self.styles: Mapping[str, bytes] = {
            name: (resources.files(package) / "static" / name).read_bytes() for name, package in _STYLES.items()
        }

    def look(self) -> States:
        """How everything is doing now."""
        return live(self._router)

    def page(self, states: States) -> bytes:
        """The page, with what `look` saw. It takes a while, and may be made in a thread."""
        return self._template.render(
            service=self._service,
            head=HEAD,
            recorded=list(RECORDED),
            words=words,
            version=zdr_router.__version__,
            facts=facts(self._router, self._counts, states),
        ).encode()

    @cached_property
    def _template(self) -> Template:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - a start is shorter

        environment = Environment(
            loader=ChoiceLoader([PackageLoader("zdr_router.hosts.page"), PackageLoader("zdr_router.site")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return environment.get_template("page.html")
