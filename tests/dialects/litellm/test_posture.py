"""How litellm has to be set, and that nothing goes through it when it is not."""

from __future__ import annotations

import copy
import json
import logging
import os
import subprocess
import sys
from textwrap import dedent

import pytest
from litellm_library import library

from zdr_router import ConfigError
from zdr_router.dialects.litellm import posture
from zdr_router.dialects.litellm.codecs import make_codecs
from zdr_router.dialects.litellm.library import load
from zdr_router.driver.codecs import WRITTEN
from zdr_router.metadata import Outcome

ASK = {"messages": [{"role": "user", "content": "canary"}]}


def in_a_process(code: str, **environ: str) -> str:
    """What this code prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", dedent(code)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_posture_holds_once_litellm_is_loaded():
    assert posture.fault(library().module) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("set_verbose", True),
        ("drop_params", True),
        ("modify_params", True),
        ("cache", object()),
        ("enable_anthropic_prompt_caching", True),
        ("callbacks", ["langfuse"]),
        ("success_callback", [print]),
        ("failure_callback", [print]),
        ("input_callback", [print]),
        ("service_callback", [print]),
        ("_async_success_callback", [print]),
        ("_async_failure_callback", [print]),
        ("_async_input_callback", [print]),
    ],
)
def test_what_a_host_sets_later_stops_every_request(monkeypatch, name, value):
    codecs = make_codecs(library())
    monkeypatch.setattr(library().module, name, value)
    assert name in posture.fault(library().module)
    assert {codecs[dialect].encode(copy.deepcopy(ASK), model="m", stream=False) for dialect in WRITTEN} == {
        Outcome.GUARDED
    }


@pytest.mark.parametrize("name", ["LiteLLM", "LiteLLM Router", "LiteLLM Proxy"])
def test_a_logger_that_speaks_up_stops_every_request(name):
    logger = logging.getLogger(name)
    before = logger.level
    try:
        logger.setLevel(logging.DEBUG)
        assert name in posture.fault(library().module)
    finally:
        logger.setLevel(before)


def test_a_root_logger_at_debug_hears_nothing(caplog):
    caplog.set_level(logging.DEBUG)
    for codec in make_codecs(library()).values():
        assert isinstance(codec.encode(copy.deepcopy(ASK), model="m", stream=False), dict)
    assert caplog.text == ""


def test_the_environment_is_as_it_was_after_the_import(monkeypatch):
    monkeypatch.setenv("LITELLM_MODE", "DEV")
    monkeypatch.setenv("LITELLM_LOG", "DEBUG")
    monkeypatch.delenv("LITELLM_RUST", raising=False)
    before = dict(os.environ)
    with posture.import_environment():
        assert os.environ["LITELLM_MODE"] == "PRODUCTION"
        assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
        assert "LITELLM_LOG" not in os.environ
    assert dict(os.environ) == before


def test_the_environment_is_as_it_was_when_the_import_fails(monkeypatch):
    monkeypatch.setenv("LITELLM_LOG", "DEBUG")

    def fail() -> None:
        with posture.import_environment():
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert os.environ["LITELLM_LOG"] == "DEBUG"
    assert "LITELLM_RUST" not in os.environ


def test_a_litellm_that_is_in_use_elsewhere_with_callbacks_is_refused(monkeypatch):
    monkeypatch.setattr(library().module, "success_callback", [print])
    with pytest.raises(
        ConfigError, match=r"in use elsewhere in this process, and litellm.success_callback is not empty"
    ):
        load()


def test_a_litellm_that_is_in_use_elsewhere_keeps_the_settings_of_its_host(monkeypatch):
    monkeypatch.setattr(library().module, "suppress_debug_info", False)
    load()
    assert library().module.suppress_debug_info is False


WATCHED = """
import copy, gc, json, os, sys
seen = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        seen.append(event)
    elif event == "open" and str(args[0]).endswith(".env"):
        seen.append("read .env")
    elif event == "open" and encoding and set(str(args[1])) & set("wax+"):
        seen.append("wrote a file")
encoding = False
sys.addaudithook(watch)
from zdr_router.dialects.litellm.codecs import make_codecs
from zdr_router.dialects.litellm.library import load
codecs = make_codecs(load())
encoding = True

def mark(number):
    return "".join(("cana", "ry", str(number)))

def ask():
    function = {"name": mark(1), "description": mark(2), "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    marked = {"type": "text", "text": mark(3), "cache_control": {"type": "ephemeral"}}
    call = {"id": mark(4), "type": "function", "function": {"name": mark(1), "arguments": "{}"}}
    said = [
        {"role": "user", "content": [marked, image]},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": mark(4), "content": mark(5)},
    ]
    body = {"messages": said, "tools": tools, "reasoning_effort": "low", "max_tokens": 5000}
    wrong = {"messages": [{"role": "user", "content": [mark(6)]}]}
    asked = [{"role": "user", "content": mark(6)}]
    odd = [
        {"messages": asked, "reasoning_effort": "bogus"},
        {"messages": [{"role": "tool", "tool_call_id": mark(6), "content": mark(6)}]},
        {"messages": [{"role": "system", "content": mark(6)}]},
        {"messages": [{"role": "assistant", "tool_calls": [call | {"function": {"name": "f", "arguments": mark(6)}}]}]},
        {"messages": asked, "tools": tools, "tool_choice": mark(6)},
    ]
    for each in odd:
        for codec in codecs.values():
            codec.encode(copy.deepcopy(each), model="m", stream=False)
    wires = [codec.encode(copy.deepcopy(body), model="claude-sonnet-4-5", stream=True) for codec in codecs.values()]
    failed = [codec.encode(copy.deepcopy(wrong), model="m", stream=False) for codec in codecs.values()]
    kept = any("cachedContent" in str(wire) for wire in wires)
    return sum(isinstance(wire, dict) for wire in wires), sum(isinstance(each, str) for each in failed), kept

gc.collect()
gc.disable()
written, failed, kept = ask()
alive = set()
for each in gc.get_objects():
    if isinstance(each, (dict, list, tuple, set)):
        held = [*each, *each.values()] if isinstance(each, dict) else list(each)
        alive |= {text for text in held if isinstance(text, str) and text[:6] == mark("")}
print(json.dumps([seen, os.environ.get("FROM_DOTENV"), written, failed, kept, sorted(alive)]))
"""
"""Loads litellm and writes a request in every format, under an audit hook; then looks for what is left of it."""


def test_every_codec_works_without_a_socket_a_file_or_a_word_and_keeps_nothing(tmp_path):
    """Neither of a request that was written nor of one that litellm could not read, with the garbage collector off.

    Anything on stderr fails too.
    """
    (tmp_path / ".env").write_text("LITELLM_LOG=DEBUG\nFROM_DOTENV=1\n")
    code = f"import os\nos.chdir({str(tmp_path)!r})\n{WATCHED}"
    seen, from_dotenv, written, failed, kept, alive = json.loads(in_a_process(code, LITELLM_MODE="DEV"))
    assert (seen, from_dotenv) == ([], None)
    assert (written, failed) == (len(WRITTEN), len(WRITTEN))
    assert kept is False, "Google would be asked to keep contents"
    assert alive == []
