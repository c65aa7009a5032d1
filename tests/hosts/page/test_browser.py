"""The trust page in a real browser: light and dark, desktop and telephone, without complaint or network."""

from __future__ import annotations

import asyncio

import pytest
from browser import Browser, chromium
from contrast import FAINT
from here import lacking
from mcp_here import listening

from zdr_router.hosts import page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    binary = chromium()
    if binary is None:
        lacking("there is no chromium", "on Debian: apt-get install chromium")
    running = Browser(binary, tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


def seen(browser, url, **how):
    """What the browser finds, opened in a tab of its own."""
    tab = browser.page()
    try:
        tab.show(**how)
        tab.open(f"{url}/")
        return {
            "complaints": tab.complaints(),
            "asked": tab.requested(),
            "width": tab.value("[innerWidth, document.documentElement.scrollWidth]"),
            "ground": tab.value("getComputedStyle(document.body).backgroundColor"),
            "faint": tab.value(FAINT),
            "scripts": tab.value("document.scripts.length"),
            "headings": tab.value("[...document.querySelectorAll('h1, h2')].map((each) => each.textContent)"),
        }
    finally:
        tab.close()


@pytest.mark.parametrize("second", ["fireworks/open-models", "groq/default"])
@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(252, 252, 250)"), ("dark", "rgb(20, 24, 26)")])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, {"width": 390, "height": 844, "mobile": True}])
async def test_it_can_be_read(browser, made, counts, second, scheme, ground, size):  # noqa: PLR0913, PLR0917 - the fixtures
    async with made(second=second) as router, listening(page.app(router, counts)) as url:
        found = await asyncio.to_thread(seen, browser, url, scheme=scheme, **size)
    assert found["complaints"] == []
    assert {each.removeprefix(url) for each in found["asked"] if not each.startswith("data:")} == {
        "/",
        "/site.css",
        "/page.css",
    }
    assert found["width"] == [size["width"]] * 2
    assert found["ground"] == ground
    assert found["faint"]["seen"] > 30
    assert found["faint"]["faint"] == []
    assert found["scripts"] == 0
    assert found["headings"] == [
        "Where prompts go, and what is kept of them",
        "What is kept, and what is not",
        "Who sees content",
        "Refusals",
    ]
