from __future__ import annotations

import importlib
import pkgutil

import pytest

from zdr_router.conformance.contract import live, wire
from zdr_router.conformance.contract.book import checks, pages
from zdr_router.conformance.contract.runner import SCOPE, Report, Result
from zdr_router.conformance.contract.verdict import failed, judged, passed, skipped

MODULES = [f"{each.__name__}.{module.name}" for each in (wire, live) for module in pkgutil.iter_modules(each.__path__)]


def test_every_module_is_one_check_with_an_id_of_its_own():
    ids = [check.id for check in checks()]
    assert len(ids) == len(set(ids)) == len(MODULES)
    assert ids == sorted(ids)
    assert all(check.id.startswith("ZDC0" if check.kind == "wire" else "ZDC1") for check in checks())


@pytest.mark.parametrize("name", MODULES)
def test_the_page_of_a_check_has_a_title_and_a_text(name):
    title, blank, *text = importlib.import_module(name).__doc__.strip().splitlines()
    assert title.endswith(".")
    assert blank == ""
    assert len(text) >= 2


def test_a_page_does_not_repeat_its_title():
    assert all(page.text and not page.text.startswith(page.title) for page in pages())


def test_the_scope_says_what_cannot_be_seen():
    assert SCOPE.endswith("It cannot see what a provider stores.")


def test_a_skip_is_no_pass():
    first, second = checks()[:2]
    nothing = Report((Result("a/m", first, skipped("why")),))
    assert not nothing.sound
    assert Report((*nothing.results, Result("a/m", second, passed("seen")))).sound
    assert not Report((Result("a/m", first, passed("seen")), Result("a/m", second, failed("wrong")))).sound
    assert nothing.summary == "1 target, 1 check: 0 passed, 0 failed, 1 skipped"


def test_of_many_faults_the_first_are_told_and_the_others_counted():
    assert judged([], "seen") == ("passed", "seen")
    assert judged(["a", "b", "c"], "seen") == ("failed", "a; b; c")
    assert judged(["a", "b", "c", "d", "e"], "seen") == ("failed", "a; b; c; and 2 more")
