from __future__ import annotations

import io
import json

from zdr_router.cli.output import Output
from zdr_router.metadata import Refusal


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_no_control_characters_out_of_an_answer(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    Output(as_json=False).content("one\x1b]0;title\x07\r\ttwo\n\x9b31m")
    assert screen.getvalue().replace("\N{REPLACEMENT CHARACTER}", "?") == "one?]0;title??\ttwo\n?31m"


def test_a_program_gets_an_answer_as_it_is(capsys):
    Output(as_json=False).content("one\x1b[31m")
    assert capsys.readouterr().out == "one\x1b[31m"


def test_nothing_is_read_as_markup_or_broken_into_lines(capsys):
    output = Output(as_json=False)
    text = "tools[].type [bold]x[/bold] :smile: " + "long " * 200
    output.line(text)
    output.note(text)
    output.table(("a [b]",), [["tools[].type [red]"]])
    said = capsys.readouterr()
    assert said.out.startswith(f"{text}\n")
    assert said.err == f"{text}\n"
    assert "tools[].type [red]" in said.out


def test_what_has_no_end_is_null_in_json(capsys):
    Output(as_json=True).json({"until": float("inf")})
    assert json.loads(capsys.readouterr().out) == {"until": None}


def refusal(id_, sentence, fix, where, target="main/m"):
    return Refusal(id_, target, "example/zdr", sentence, fix, where)


def test_reasons_for_which_the_same_helps_stand_together(capsys):
    refusals = [
        refusal("ZDR201", "stores_prompts is yes", "switch it on", "a.yaml:3"),
        refusal("ZDR201", "logs_content is unknown", "switch it on", "a.yaml:4"),
        refusal("ZDR201", "tools leg: logs_content is unknown", "switch it on", "a.yaml:4"),
        refusal("ZDR301", "there is no grant", "switch it on", "zdr.yaml:9"),
        refusal("ZDR201", "stores_prompts is yes", "use another", ""),
        refusal("ZDR201", "stores_prompts is yes", "switch it on", "a.yaml:3", target="other/m"),
    ]
    Output(as_json=False).refusals(refusals, to_stderr=False)
    assert capsys.readouterr().out.splitlines() == [
        "  ZDR201 main/m: stores_prompts is yes; logs_content is unknown; tools leg: logs_content is unknown",
        "         next:  switch it on",
        "         where: a.yaml:3, a.yaml:4",
        "  ZDR301 main/m: there is no grant",
        "         next:  switch it on",
        "         where: zdr.yaml:9",
        "  ZDR201 main/m: stores_prompts is yes",
        "         next:  use another",
        "  ZDR201 other/m: stores_prompts is yes",
        "         next:  switch it on",
        "         where: a.yaml:3",
    ]
