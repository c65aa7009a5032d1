"""The library through every path of both façades: nothing that was planted stays, and a fault would be seen."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from zdr_router.conformance.leaks.demand import Demand, Expected
from zdr_router.conformance.leaks.paths import PATHS
from zdr_router.conformance.leaks.provider.behaviours import BEHAVIOURS
from zdr_router.conformance.leaks.provider.handle import Arrived
from zdr_router.conformance.leaks.runs import library
from zdr_router.driver.engine import Engine

BY_NAME = {path.name: path for path in PATHS}
NOT_THERE = {"Router": {"cancelled", "stream-cancelled"}, "AsyncRouter": set()}
HOW = {"answer": "answered", "error-500": "Exhausted", "stream-error": "StreamBroken", "unreachable": "Exhausted"}


def demand(*names):
    return Demand(paths=[BY_NAME[name] for name in names], memory=False)


@pytest.mark.timeout(900)
def test_nothing_stays_of_any_path_of_either_facade():
    # In a process of its own: this one has the objects of all other tests, each of which would be looked at.
    command = [sys.executable, "-m", "zdr_router", "leaks", "--json", "--memory", "off"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=890, check=False)
    report = json.loads(ran.stdout)
    assert report["findings"] == []
    assert [each for each in report["paths"] if each["fault"]] == []
    assert {name: why for name, why in report["detectors"].items() if why} == {}
    for facade, absent in NOT_THERE.items():
        told = {each["path"]: each["told"] for each in report["paths"] if each["subject"] == facade}
        assert told.keys() == BY_NAME.keys() - {"garbage"} - absent
        assert {name: told[name] for name in HOW} == HOW
    assert (ran.returncode, report["clean"]) == (0, True)


@pytest.mark.timeout(120)
def test_copies_in_memory_are_counted_and_are_no_findings():
    report = library(Demand(paths=[BY_NAME["answer"]]))
    assert report.clean
    assert report.residue is not None, report.notes


@pytest.mark.timeout(120)
def test_a_library_that_keeps_requests_is_found_out(monkeypatch):
    kept, prepare = [], Engine.prepare

    def keeping(self, ask, at):
        kept.append(ask)
        return prepare(self, ask, at)

    monkeypatch.setattr(Engine, "prepare", keeping)
    report = library(demand("answer", "stream"))
    found = {(each.detector, each.path, each.place) for each in report.findings}
    assert {("objects", f"{facade}:{path}", "prompt") for facade in NOT_THERE for path in ("answer", "stream")} <= found
    assert {detector for detector, _, _ in found} == {"objects"}


def test_every_behaviour_is_on_a_path_and_every_path_has_one():
    assert {path.behaviour for path in PATHS} == BEHAVIOURS.keys()
    assert len(BY_NAME) == len(PATHS)


class Came:
    def __init__(self, requests, *places):
        self.arrived = lambda: Arrived(requests, frozenset(places))


@pytest.mark.parametrize(
    ("path", "told", "provider", "fault"),
    [
        ("answer", "answered", Came(1, "prompt", "system", "tool", "image"), ""),
        ("answer", "Refused", Came(0), "should have been answered, and ended as Refused"),
        ("error-500", "Refused", Came(0), "never came to the provider"),
        ("error-500", "Exhausted", Came(1, "prompt", "tool"), "came to the provider without image, system"),
        ("refused", "answered", Came(1), "came to the provider, which it must not"),
        ("refused", "Refused", Came(0), ""),
        ("embed", "answered", Came(1, "prompt"), ""),
    ],
)
def test_a_path_that_was_not_driven_as_it_is_meant_does_not_pass(path, told, provider, fault):
    assert Expected("answered").judge(BY_NAME[path], "x", told, provider).fault == fault


def test_a_host_without_the_kits_policy_need_not_refuse():
    assert Expected("200", refuses=False).judge(BY_NAME["refused"], "x", "200", Came(1)).fault == ""
    without = Expected("200", without=frozenset({"image", "tool", "system"}))
    assert without.judge(BY_NAME["answer"], "x", "200", Came(1, "prompt")).fault == ""
