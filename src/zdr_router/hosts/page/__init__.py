"""The trust page of a service: what it keeps and what not, who sees content and on what basis, how it is doing now.

`app(router)` is ASGI: a page for customers and auditors, without scripts. It names no customer, account, target or
file. Needs the extra `site`.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from zdr_router.errors import ConfigError, Problem
from zdr_router.hosts.page.counts import RefusalCounts
from zdr_router.hosts.page.rendering import Renderer
from zdr_router.hosts.page.serving import TrustPage

if TYPE_CHECKING:
    from zdr_router.router import AsyncRouter

__all__ = ["RefusalCounts", "TrustPage", "app"]


def app(
    router: AsyncRouter, counts: RefusalCounts | None = None, *, service: str = "This service", every: float = 5.0
) -> TrustPage:
    """The page as an ASGI app, made anew `every` so many seconds at most. `service` is what customers know it by.

    `counts` has to be one of the router's `recorders`; without it the page counts no refusals. Raises `ConfigError`.
    """
    if find_spec("jinja2") is None:
        raise ConfigError(Problem("the trust page needs jinja2", fix="pip install 'zdr-router[site]'"))
    return TrustPage(Renderer(router, counts, service), every)
