"""How litellm has to be set, and that nothing goes through it when it is not."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from textwrap import dedent

import pytest
from litellm_library import library

from zdr_router.dialects.litellm import posture
from zdr_router.dialects.litellm.codecs import WRITTEN, make_codecs
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
    assert {codecs[dialect].encode(ASK, "m", False) for dialect in WRITTEN} == {Outcome.GUARDED}


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
        assert isinstance(codec.encode(ASK, "m", False), dict)
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


def test_a_litellm_that_is_in_use_elsewhere_with_callbacks_is_refused():
    said = in_a_process("""
        import os
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm
        litellm.success_callback.append(print)
        from zdr_router import ConfigError
        from zdr_router.dialects.litellm.library import load
        try:
            load()
        except ConfigError as error:
            print(error)
        print(litellm.suppress_debug_info)
    """)
    assert "litellm is in use elsewhere in this process, and litellm.success_callback is not empty" in said
    assert said.endswith("False"), "the host's own settings were changed"


def test_loading_and_every_codec_work_without_a_socket_a_file_or_a_word(tmp_path):
    """Sockets, reading .env and writing files are seen by an audit hook; anything printed fails the test."""
    (tmp_path / ".env").write_text("LITELLM_LOG=DEBUG\nFROM_DOTENV=1\n")
    said = in_a_process(
        f"""
        import os, sys
        os.chdir({str(tmp_path)!r})
        seen = []
        def watch(event, args):
            if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
                seen.append(event)
            elif event == "open" and isinstance(args[0], str) and args[0].endswith(".env"):
                seen.append(args[0])
            elif event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
                if not args[0].endswith(".pyc") and "__pycache__" not in str(args[0]):
                    seen.append("written")
        sys.addaudithook(watch)
        from zdr_router.dialects.litellm.library import load
        from zdr_router.dialects.litellm.codecs import make_codecs
        library = load()
        seen.clear() if set(seen) <= {{"written"}} else None
        image = {{"type": "image_url", "image_url": {{"url": "data:image/png;base64,iVBORw0KGgo="}}}}
        marked = {{"type": "text", "text": "canary", "cache_control": {{"type": "ephemeral"}}}}
        tools = [{{"type": "function", "function": {{"name": "f", "parameters": {{"type": "object"}}}}}}]
        call = {{"id": "c", "type": "function", "function": {{"name": "f", "arguments": "{{}}"}}}}
        messages = [
            {{"role": "user", "content": [marked, image]}},
            {{"role": "assistant", "content": None, "tool_calls": [call]}},
            {{"role": "tool", "tool_call_id": "c", "content": "canary"}},
        ]
        body = {{"messages": messages, "tools": tools, "reasoning_effort": "low", "max_tokens": 5000}}
        for codec in make_codecs(library).values():
            for stream in (False, True):
                wire = codec.encode(body, "claude-sonnet-4-5", stream)
                assert isinstance(wire, dict), wire
                assert "cachedContent" not in str(wire)
        print(seen, os.environ.get("FROM_DOTENV"))
        """,
        LITELLM_MODE="DEV",
    )
    assert said == "[] None"


def test_nothing_of_a_request_is_alive_after_it():
    said = in_a_process("""
        import gc
        from zdr_router.dialects.litellm.library import load
        from zdr_router.dialects.litellm.codecs import make_codecs
        codecs = make_codecs(load())
        def once():
            text = "canary" + str(id(object()))
            tools = [{"type": "function", "function": {"name": "canary_" + str(len(text)), "description": text}}]
            content = [{"type": "text", "text": text}]
            for codec in codecs.values():
                codec.encode({"messages": [{"role": "user", "content": content}], "tools": tools}, "m", False)
                codec.encode({"messages": [{"role": "user", "content": [text]}], "tools": tools}, "m", False)
        once()
        gc.collect()
        kept = [o for o in gc.get_objects() if isinstance(o, (dict, list, tuple, set))]
        found = 0
        for each in kept:
            values = list(each.values()) + list(each) if isinstance(each, dict) else list(each)
            found += sum(isinstance(v, str) and v.startswith("canary") and v != "canary" for v in values)
        print(found)
    """)
    # The names of the function's own constants: "canary_" is one of them.
    assert int(said) <= 1
