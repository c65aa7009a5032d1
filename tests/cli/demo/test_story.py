"""The demo as a whole, over the real model; and what can be said of it without one."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from here import needs_extra
from rich.console import Console

from zdr_router.cli.demo import story, world
from zdr_router.cli.demo.local_model import missing_packages
from zdr_router.cli.demo.scene import Scene, Writer, printable

if TYPE_CHECKING:
    from pathlib import Path

Told = dict[str, Any]

real_model = [pytest.mark.local_model, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Told, Path]:
    needs_extra("local", *missing_packages())
    directory = tmp_path_factory.mktemp("demo") / "kept"
    console = Console(file=io.StringIO())
    code = story.run(console, as_json=True, directory=directory)
    # One JSON object and nothing else.
    return code, json.loads(console.file.getvalue()), directory  # type: ignore[attr-defined]


def act(told: Told, number: int) -> Told:
    return told["acts"][number - 1]


class TestPlayed:
    pytestmark = real_model

    def test_everything_that_it_claims_comes_true(self, played):
        code, told, _ = played
        assert [claim for act in told["acts"] for claim in act["claims"] if not claim["held"]] == []
        assert (code, told["held"], [act["act"] for act in told["acts"]]) == (0, True, [1, 2, 3, 4, 5, 6])

    def test_two_servers_run_in_processes_of_their_own(self, played):
        one, two = act(played[1], 1)["servers"]
        assert len({one["pid"], two["pid"], os.getpid()}) == 3
        assert one["base_url"] != two["base_url"]

    def test_the_servers_are_gone_in_the_end(self, played):
        for server in act(played[1], 1)["servers"]:
            with pytest.raises(ProcessLookupError):
                os.kill(server["pid"], 0)

    def test_local_targets_are_cleared_and_every_trap_is_refused(self, played):
        explained = act(played[1], 2)["explanation"]
        assert [planned["target"] for planned in explained["planned"]] == list(world.CLEARED)
        found = {refusal["target"]: refusal["id"] for refusal in reversed(explained["refusals"])}
        assert found == world.REFUSED

    def test_the_chat_and_the_stream_are_answered_by_the_first_target(self, played):
        told = act(played[1], 3)
        for name in ("chat", "stream"):
            assert told[name]["answer"].strip()
            assert told[name]["metadata"]["target"] == world.ONE
        assert told["stream"]["pieces"] > 1

    def test_tenants_share_no_cached_prefix_although_the_server_keeps_one(self, played):
        caching = act(played[1], 3)["caching"]
        again = caching["past_the_router"][1]
        assert 30 <= again["cached_tokens"] <= again["input_tokens"]
        assert caching["through_the_router"] == {world.TENANT: 0, world.OTHER_TENANT: 0}
        assert caching["forced"] == {"cache_prompt": False}

    def test_the_second_server_answers_once_the_first_is_dead(self, played):
        metadata = act(played[1], 4)["metadata"]
        outcomes = [(attempt["target"], attempt["outcome"], attempt["sent"]) for attempt in metadata["attempts"]]
        assert outcomes == [*[(world.ONE, "unreachable", "no")] * 2, (world.TWO, "ok", "maybe")]

    def test_no_target_passes_is_a_refusal_with_reasons_and_without_attempts(self, played):
        told = act(played[1], 5)
        assert (told["status"], told["error_code"], told["attempts"]) == (403, "zdr_refused", 0)
        assert {refusal["target"] for refusal in told["refusals"]} == set(world.HOSTED)

    def test_nothing_is_found_but_the_control(self, played):
        told = act(played[1], 6)
        assert told["findings"] == []
        assert told["control"]["found"] == told["control"]["planted"]
        assert {"library.log", "journal.jsonl", "server-one.log", "server-two.log"} <= set(told["searched"]["files"])
        assert "Refused" in told["searched"]["texts"]

    def test_nobody_but_the_local_servers_is_contacted(self, played):
        told = act(played[1], 6)
        assert set(told["journal"]["attempts"]) == set(world.CLEARED)
        assert told["connections"]["all"] > 0
        assert told["connections"]["beyond_this_machine"] == []

    def test_its_files_are_kept_and_neither_control_nor_weights_are_among_them(self, played):
        _, told, directory = played
        assert (
            sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
            == (act(told, 6)["searched"]["files"])
        )
        assert (directory / "zdr.yaml").is_file()

    @pytest.mark.usefixtures("played")
    def test_all_that_a_person_is_shown_fits_eighty_columns(self, tmp_path):
        console = Console(file=io.StringIO(), width=80)
        assert story.run(console, as_json=False, directory=tmp_path / "files") == 0
        shown = console.file.getvalue()  # type: ignore[attr-defined]
        assert [line for line in shown.splitlines() if len(line) > 80 and "zdr explain" not in line] == []
        assert "What you saw" in shown
        assert "the second tenant saw 0 cached tokens" in shown


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(story, "missing_packages", lambda: ("xllamacpp",))
    console = Console(file=io.StringIO())
    assert story.run(console, as_json=True, directory=None) == 65
    assert "pip install 'zdr-router[local]'" in capsys.readouterr().err
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_a_folder_in_use_is_refused_before_anything_starts(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(story, "missing_packages", tuple)
    (tmp_path / "mine").touch()
    assert story.run(Console(file=io.StringIO()), as_json=False, directory=tmp_path) == 65
    assert "holds files already" in capsys.readouterr().err


def test_a_claim_that_does_not_come_true_fails_the_scene():
    console = Console(file=io.StringIO(), width=80)
    scene = Scene(console, console)
    with scene.act(1, "An act") as shown:
        shown.check("water is wet", held=True)
        assert scene.held
        shown.check("water is dry", held=False)
    assert not scene.held
    assert "not so: water is dry" in console.file.getvalue()  # type: ignore[attr-defined]


def test_an_act_that_claims_nothing_has_shown_nothing():
    scene = Scene(Console(quiet=True), Console(quiet=True))
    with scene.act(1, "An act"):
        pass
    assert not scene.held


def test_a_model_cannot_steer_the_terminal():
    assert printable("a\x1b[2Jb\rc\nd") == "a\ufffd[2Jb\ufffdc\nd"


def test_a_stream_breaks_its_lines_between_words():
    console = Console(file=io.StringIO(), width=40)
    writer = Writer(console, "stream")
    for piece in [" one", " two", "\n", "\n", *[" word"] * 10]:
        writer.write(piece)
    writer.end()
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "  stream    one two"
    assert all(len(line) <= 40 for line in lines)
    assert [line.strip() for line in lines[1:]] == ["word word word word word", "word word word word word"]
