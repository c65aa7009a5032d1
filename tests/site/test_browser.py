"""The catalogue in a real browser, from the disk: what it asks for, how it is operated, and whether it can be read."""

from __future__ import annotations

import pytest
from browser import Browser, chromium
from contrast import FAINT
from here import lacking

PAGES = ["index.html", "provider/acme.html", "provider/gate.html", "timeline.html", "about.html"]
SHOWN = """
[...document.querySelectorAll("tr[data-clears]")]
  .filter((row) => row.offsetParent)
  .map((row) => row.cells[0].querySelector("a").textContent)
"""
COUNT = "document.getElementById('_count').textContent"
FOCUSED = "document.activeElement.id"
EVERY = ["acme/zdr", "acme/parameter", "acme/default", "gate/byok", "gate/lapsed", "own/run"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    binary = chromium()
    if binary is None:
        lacking("there is no chromium", "on Debian: apt-get install chromium")
    running = Browser(binary, tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def page(browser):
    opened = browser.page()
    opened.show()
    yield opened
    opened.close()


@pytest.fixture
def address(folder):
    return lambda name: f"{folder.as_uri()}/{name}"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_from_the_disk_without_complaint_or_network(page, address, folder, name, scheme):
    page.show(scheme=scheme)
    page.open(address(name))
    assert page.complaints() == []
    asked = page.requested()
    assert address(name) in asked
    assert address("site.css") in asked
    assert [each for each in asked if not each.startswith((folder.as_uri(), "data:"))] == []


def test_a_page_that_wants_something_from_elsewhere_is_stopped_by_its_policy(page, folder, tmp_path):
    text = (folder / "index.html").read_text()
    planted = text.replace(
        "</main>", '<img src="https://example.invalid/x.png"><script>document.title = "ran"</script></main>'
    )
    (tmp_path / "index.html").write_text(planted)
    page.open(f"{tmp_path.as_uri()}/index.html")
    assert page.value("document.title") != "ran"
    assert sum("Content Security Policy" in str(each) for each in page.complaints()) >= 2


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_lies_behind_it(page, address, name, scheme):
    page.show(scheme=scheme)
    page.open(address(name))
    page.value("for (const each of document.querySelectorAll('details')) each.open = true")
    read = page.value(FAINT)
    assert read["seen"] > 30
    assert read["faint"] == []


def test_light_and_dark_follow_the_reader(page, address):
    grounds = []
    for scheme in ("light", "dark"):
        page.show(scheme=scheme)
        page.open(address("index.html"))
        grounds.append(page.value("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(252, 252, 250)", "rgb(20, 24, 26)"]


@pytest.mark.parametrize("name", PAGES)
def test_a_telephone_is_wide_enough(page, address, name):
    page.show(width=390, height=844, mobile=True)
    page.open(address(name))
    assert page.value("[innerWidth, document.documentElement.scrollWidth]") == [390, 390]


def test_on_a_telephone_the_matrix_scrolls_in_a_region_of_its_own_and_keeps_its_heads(page, address):
    page.show(width=390, height=500, mobile=True)
    page.open(address("index.html"))
    page.value("document.querySelector('.matrix').scrollTo(200, 90)")
    moved = page.value("[document.querySelector('.matrix').scrollLeft, document.querySelector('.matrix').scrollTop]")
    assert moved == [200, 90]
    corner, name, head = (
        page.value(f"(({{ left, top }}) => [left, top])(document.querySelector('{each}').getBoundingClientRect())")
        for each in (".matrix", "tr[data-clears] th", "thead th:last-child")
    )
    assert abs(name[0] - corner[0]) < 2
    assert abs(head[1] - corner[1]) < 2


def test_on_a_desk_the_heads_of_the_matrix_stay_while_the_page_scrolls(page, address):
    page.show(width=1280, height=300)
    page.open(address("index.html"))
    page.value("document.querySelector('tbody:nth-of-type(2) tr:last-child').scrollIntoView({block: 'end'})")
    heads = page.value("[...document.querySelectorAll('thead th')].map(th => th.getBoundingClientRect().top)")
    assert heads == [0] * 12


class TestFilters:
    @pytest.fixture(autouse=True)
    def _open(self, page, address):
        page.open(address("index.html"))

    def reach(self, page, name):
        """Tab until the control of that name has the focus."""
        for _ in range(60):
            page.key("Tab")
            if page.value(FOCUSED) == f"_{name}":
                return
        pytest.fail(f"{name} cannot be reached")

    def test_everything_is_shown_at_first(self, page):
        assert page.value(SHOWN) == EVERY
        assert page.value(COUNT) == "All 6 configurations of 3 providers"

    def test_they_work_by_keyboard_and_the_address_says_what_is_chosen(self, page):
        self.reach(page, "clears")
        page.type("With")
        assert page.value(SHOWN) == ["acme/zdr"]
        assert page.value(COUNT) == "1 of 6 configurations, 1 of 3 providers"
        assert page.value("location.hash") == "#clears=grant"
        self.reach(page, "stores_prompts")
        page.type("yes")
        assert page.value(SHOWN) == []
        assert page.value("[document.querySelector('.matrix').hidden, document.getElementById('_nothing').hidden]") == [
            True,
            False,
        ]
        self.reach(page, "nothing_reset")
        page.key("Enter")
        assert page.value(SHOWN) == EVERY
        assert page.value("location.hash") == ""
        assert page.value(FOCUSED) == "_find"

    def test_what_is_typed_is_found_in_names_providers_and_models(self, page):
        self.reach(page, "find")
        page.type("gate LAP")
        assert page.value(SHOWN) == ["gate/lapsed"]
        page.value("location.hash = 'find=small'")
        page.value("new Promise(requestAnimationFrame)")
        assert page.value(SHOWN) == ["acme/zdr"]

    def test_the_skip_link_comes_first(self, page):
        page.key("Tab")
        assert page.value("document.activeElement.className") == "skip"
        assert page.value("document.activeElement.getBoundingClientRect().left") == 0
        page.key("Enter")
        assert page.value(FOCUSED) == "_main"

    def test_whatever_has_the_focus_shows_it(self, page):
        seen = 0
        for _ in range(20):
            page.key("Tab")
            outline = page.value("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", page.value("document.activeElement.outerHTML")
            seen += 1
        assert seen == 20

    def test_one_button_asks_for_six_clean_flags(self, page):
        self.reach(page, "clean")
        page.key(" ")
        assert page.value(SHOWN) == ["acme/zdr", "acme/parameter", "gate/lapsed", "own/run"]

    def test_a_figure_leads_to_what_it_counts(self, page):
        page.value("document.querySelector('.figures .never a').click()")
        page.value("new Promise(requestAnimationFrame)")
        assert page.value(SHOWN) == ["acme/default", "gate/byok"]
        page.value("document.querySelector('.figures .all a').click()")
        page.value("new Promise(requestAnimationFrame)")
        assert page.value(SHOWN) == EVERY


def test_what_has_the_focus_is_not_hidden_behind_the_heads(page, address):
    page.show(width=1280, height=400)
    page.open(address("index.html"))
    page.value("scrollTo(0, document.body.scrollHeight)")
    page.value("document.querySelector('tbody:nth-of-type(2) tr[data-clears] a').focus()")
    top, covered = page.value("""[
      document.activeElement.getBoundingClientRect().top,
      document.querySelector("tbody:nth-of-type(2) tr.provider th").getBoundingClientRect().bottom,
    ]""")
    assert 0 < covered <= top < 400


@pytest.mark.parametrize("name", PAGES)
def test_whatever_can_be_operated_has_a_name(page, address, name):
    page.open(address(name))
    page.value("for (const each of document.querySelectorAll('details')) each.open = true")
    roles = {"link", "button", "combobox", "searchbox", "region", "navigation", "article", "image"}
    nodes = [node for node in page.call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    named = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes]
    wanted = [(role, text) for role, text in named if role in roles]
    assert len(wanted) > 5
    assert [role for role, text in wanted if not text] == []


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("clears=not_now", ["gate/lapsed"]),
        ("region=only:eu", ["acme/zdr"]),
        ("region=in:eu", ["acme/zdr", "acme/parameter"]),
        ("region=only:unknown", ["acme/default"]),
        ("region=only:account", ["own/run"]),
        ("cache=none", ["acme/zdr", "acme/parameter", "acme/default", "gate/byok"]),
        ("cache=host_memory", ["acme/zdr", "acme/parameter", "acme/default", "gate/byok", "own/run"]),
        ("mechanism=request_parameter", ["acme/parameter"]),
        ("grade=claimed", ["gate/lapsed"]),
        ("feature=reasoning", ["acme/parameter", "acme/default", "gate/byok", "gate/lapsed", "own/run"]),
        ("feature=covers:cache_key", ["acme/zdr", "acme/parameter"]),
        ("logs_content=unknown", ["acme/default"]),
        ("logs_content=yes", ["gate/byok"]),
        ("logs_content=yes&find=acme", []),
        ("endpoint=embeddings&clears=own", ["own/run"]),
        ("clears=of-another-catalogue", EVERY),
        ("find=%3Cscript%3E", []),
    ],
)
def test_a_shared_address_shows_the_same(page, address, fragment, shown):
    page.open(address(f"index.html#{fragment}"))
    assert page.value(SHOWN) == shown
    assert page.complaints() == []


def test_on_paper_there_are_all_rows_and_no_controls_and_no_dark_ground(page, address):
    page.show(media="print", scheme="dark")
    page.open(address("index.html"))
    assert page.value(SHOWN) == EVERY
    assert page.value("[...document.querySelectorAll('form, .skip, nav')].some(each => each.offsetParent)") is False
    assert page.value("getComputedStyle(document.querySelector('thead th')).position") == "static"
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.value(FAINT)["faint"] == []
