"""The head of a request: what the guard let through and a fixed few lines, in an order that never changes."""

from __future__ import annotations

import pytest

from zdr_router.transport import head
from zdr_router.transport.head import FRAMING, METHODS, opening

OPENED = opening("/v1/chat", "Host: there")


def render(method, opened, headers):
    return head.render(method, opened, tuple(headers.items()))


def test_lines_come_in_a_fixed_order():
    assert render("POST", OPENED, {"authorization": "Bearer sk-made-up"}) == (
        b"POST /v1/chat HTTP/1.1\r\nHost: there\r\n"
        b"User-Agent: zdr-router\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
        b"authorization: Bearer sk-made-up\r\nContent-Length: "
    )


def test_what_the_request_says_itself_is_not_said_twice():
    said = render("POST", OPENED, {"accept": "text/event-stream", "user-agent": "zdr-router/1"})
    assert said.lower().count(b"\r\naccept: ") == said.lower().count(b"\r\nuser-agent: ") == 1
    assert b"text/event-stream" in said


@pytest.mark.parametrize("name", sorted(FRAMING))
def test_only_the_transport_says_where_a_request_goes_and_ends(name):
    for spelling in (name, name.upper(), name.title()):
        with pytest.raises(ValueError, match="header"):
            render("POST", OPENED, {spelling: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\ny: b"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\0b"),
        ("x\r\ny", "b"),
        ("x: y", "b"),
        ("", "b"),
        ("x ", "b"),
    ],
)
def test_no_header_can_start_another_line(name, value):
    with pytest.raises(ValueError, match=r"^a header cannot be written$"):  # it says what, never the value
        render("POST", OPENED, {name: value})


def test_a_value_that_is_no_text_is_an_error():
    with pytest.raises(ValueError, match=r"."):
        render("POST", OPENED, {"x": "\ud800"})


@pytest.mark.parametrize("method", ["HEAD", "CONNECT", "post", "POST /elsewhere HTTP/1.1\r\nX:", ""])
def test_a_method_whose_answer_could_not_be_delimited_is_an_error(method):
    assert method not in METHODS
    with pytest.raises(ValueError, match="method"):
        render(method, OPENED, {})


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: b", "/a\tb", "/\x7f"])
def test_a_target_with_a_blank_or_a_control_character_is_an_error(target):
    with pytest.raises(ValueError, match="URL"):
        opening(target)
