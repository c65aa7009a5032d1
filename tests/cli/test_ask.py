from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from zdr_router.cli.exits import Code

CANARY = "canary-91c2 what is my diagnosis"


def test_the_answer_goes_to_stdout_and_the_record_to_stderr(process, model, operator):
    result = process("ask", "assistant", "-c", operator(model.base_url), stdin=CANARY)
    assert result.returncode == Code.DONE
    assert result.stdout == "red, yellow, blue\n"
    assert "local/any (llama-cpp/self-operated)" in result.stderr
    assert "5 tokens in, 7 out" in result.stderr
    assert "canary" not in result.stderr
    assert model.bodies[0]["messages"] == [{"role": "user", "content": CANARY}]


def test_the_prompt_may_be_an_argument(zdr, model, operator):
    result = zdr("ask", "assistant", "the primary colours", "-c", operator(model.base_url))
    assert result.exit_code == Code.DONE
    assert model.bodies[0]["messages"][0]["content"] == "the primary colours"


def test_json_is_one_document_with_answer_and_metadata(zdr, model, operator):
    result = zdr("ask", "assistant", "-c", operator(model.base_url), "--json", stdin=CANARY)
    document = json.loads(result.stdout)
    assert set(document) == {"answer", "metadata"}
    assert document["answer"] == "red, yellow, blue"
    assert document["metadata"]["target"] == "local/any"
    assert result.stderr == ""


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_stream_gives_the_same_answer(zdr, model, operator, form):
    result = zdr("ask", "assistant", "-c", operator(model.base_url), "--stream", *form, stdin=CANARY)
    assert result.exit_code == Code.DONE
    assert model.bodies[0]["stream"] is True
    answer = json.loads(result.stdout)["answer"] if form else result.stdout.removesuffix("\n")
    assert answer == "red, yellow, blue"


def test_without_a_terminal_nothing_is_streamed_unless_asked_for(zdr, model, operator):
    zdr("ask", "assistant", "-c", operator(model.base_url), stdin=CANARY)
    assert not model.bodies[0].get("stream")


def test_parameters_are_json_and_reach_the_provider(zdr, model, operator):
    config = operator(model.base_url)
    zdr("ask", "assistant", "-c", config, "--param", "temperature=0", "--param", 'stop=["."]', stdin=CANARY)
    assert (model.bodies[0]["temperature"], model.bodies[0]["stop"]) == (0, ["."])


@pytest.mark.parametrize("pair", ["temperature", "temperature=warm", "tenant=1", "self=1", "a-b=1"])
def test_a_parameter_that_is_none_is_bad_usage(zdr, model, operator, pair):
    result = zdr("ask", "assistant", "-c", operator(model.base_url), "--param", pair, stdin=CANARY)
    assert result.exit_code == Code.USAGE
    assert model.bodies == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("elsewhere",), "the file has no such route"),
        (("assistant", "--tenant", "globex"), "the tenant is not one that is configured"),
        ((), "missing argument"),
    ],
)
def test_a_name_that_the_file_does_not_know_is_bad_usage(zdr, model, operator, args, sentence):
    result = zdr("ask", *args, "-c", operator(model.base_url), stdin=CANARY)
    assert result.exit_code == Code.USAGE
    assert sentence in result.stderr
    assert "next:" in result.stderr
    assert "canary" not in result.output
    assert model.bodies == []


def test_a_refused_request_ends_with_three_and_every_reason(zdr, model, operator):
    result = zdr("ask", "hosted", "-c", operator(model.base_url), stdin=CANARY)
    assert result.exit_code == Code.REFUSED
    assert result.stdout == ""
    assert "ZDR301 groq-prod/llama-3.3-70b-versatile" in result.stderr
    assert "groq.yaml:" in result.stderr
    assert "canary" not in result.output


def test_a_request_that_nobody_answers_ends_with_one_and_the_attempts(zdr, model, operator):
    model.mood = "ill"
    result = zdr("ask", "assistant", "-c", operator(model.base_url), stdin=CANARY)
    assert result.exit_code == Code.FAILED
    assert "local/any: transient, HTTP 500" in result.stderr
    assert "canary" not in result.output


def test_a_request_that_the_provider_finds_wrong_ends_with_one(zdr, model, operator):
    model.mood = "strict"
    result = zdr("ask", "assistant", "-c", operator(model.base_url), stdin=CANARY)
    assert result.exit_code == Code.FAILED
    assert "local/any: caller_fault, HTTP 400" in result.stderr
    assert "canary" not in result.output


def test_a_stream_that_breaks_ends_with_one_after_what_came(zdr, model, operator):
    model.mood = "breaking"
    result = zdr("ask", "assistant", "-c", operator(model.base_url), "--stream", stdin=CANARY)
    assert result.exit_code == Code.FAILED
    assert result.stdout.startswith("red, ")
    assert "broke after its first content" in result.stderr
    assert "canary" not in result.output


@pytest.mark.parametrize("route", ["hosted", "assistant"])
def test_json_gives_the_metadata_of_a_failure_too(zdr, model, operator, route):
    model.mood = "ill"
    result = zdr("ask", route, "-c", operator(model.base_url), "--json", stdin=CANARY)
    document = json.loads(result.stdout)
    assert set(document) == {"metadata"}
    assert document["metadata"]["error_code"] in {"zdr_refused", "exhausted"}
    assert result.stderr.startswith("error: ")
    assert "canary" not in result.output


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_prompt_is_bad_usage(zdr, model, operator, text):
    result = zdr("ask", "assistant", "-c", operator(model.base_url), stdin=text)
    assert result.exit_code == Code.USAGE
    assert "there is no prompt" in result.stderr


def test_a_prompt_that_is_not_text_is_bad_usage(zdr, operator):
    result = zdr("ask", "assistant", "-c", operator(), stdin=b"\xff\xfecanary")
    assert result.exit_code == Code.USAGE
    assert "not UTF-8" in result.stderr
    assert "canary" not in result.output


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("policy: {cache: none\n", "zdr.yaml:", "not YAML"),
        ("policy: {cache: none}\n\taccounts: {}\n", "zdr.yaml:2", "not YAML"),
        ("policy: {cache: nowhere}\naccounts: {}\nroutes: {}\n", "zdr.yaml:1", "policy.cache"),
    ],
)
def test_a_file_that_cannot_be_read_is_shown_with_its_line(process, operator, text, place, sentence):
    path = operator()
    path.write_text(text, encoding="utf-8")
    result = process("ask", "assistant", "-c", path, stdin=CANARY)
    assert result.returncode == Code.CONFIGURATION
    assert result.stdout == ""
    assert place in result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert "canary" not in result.stderr


def test_an_interrupt_ends_with_130_and_says_nothing_of_the_prompt(model, operator):
    model.mood = "asleep"
    # A shell that runs tests in the background has them ignore interrupts, and their children too.
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    started = f"{listening}; from zdr_router.cli import main; main()"
    command = [sys.executable, "-c", started, "ask", "assistant", "-c"]
    asking = subprocess.Popen(
        [*command, str(operator(model.base_url)), CANARY],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert model.asked.wait(20)
    asking.send_signal(signal.SIGINT)
    out, err = asking.communicate(timeout=20)
    assert asking.returncode == Code.INTERRUPTED
    assert out == ""
    assert "Traceback" not in err
    assert "canary" not in err
