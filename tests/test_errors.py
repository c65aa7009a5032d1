"""The tree of errors, and what each one tells."""

from __future__ import annotations

import inspect
import re

import pytest

from zdr_router import errors
from zdr_router.errors import (
    ConfigError,
    Exhausted,
    InvalidRequest,
    Problem,
    Refused,
    RouterError,
    StreamBroken,
)
from zdr_router.metadata import AttemptRecord, ErrorCode, Metadata, Outcome, Refusal

REFUSALS = (
    Refusal("ZDR201", "a/m", "acme/zdr", "stores_prompts is yes", "use another", "acme.yaml:7"),
    Refusal("ZDR401", "b/m", "acme/zdr", "its basis is documented", "hold a grant"),
)
ATTEMPTS = (
    AttemptRecord("a/m", "acme/zdr", Outcome.TRANSIENT, "maybe", 500, 0.0, 1.0),
    AttemptRecord("b/m", "acme/zdr", Outcome.TIMEOUT, "maybe", None, 1.0, 2.0),
)


def metadata(attempts=(), refusals=()) -> Metadata:
    return Metadata(
        request_id="r", time=0.0, endpoint="chat.completions", route="chat", tenant=None, customer=None, key=None,
        stream=False, status=502, error_code=ErrorCode.EXHAUSTED, duration_ms=1.0, target=None, configuration=None,
        model=None, attestation=None, policy_digest="p", registry_digest="r", attempts=attempts, refusals=refusals,
        input_tokens=None, output_tokens=None, cached_tokens=None, price=None, first_chunk_ms=None, unsafe=False,
    )  # fmt: skip


def drawn() -> dict[str, str]:
    """Class by class its parent, as the docstring of the module draws them."""
    tree, stack = {}, []
    for line in re.search(r"```\n(.*?)```", errors.__doc__, re.DOTALL)[1].splitlines():
        name = re.search(r"[A-Z]\w+", line)
        depth = name.start() // 4
        stack[depth:] = [name[0]]
        if depth:
            tree[name[0]] = stack[depth - 1]
    return tree


def test_the_tree_that_is_drawn_is_the_tree_that_is():
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, RouterError)]
    assert drawn() == {each.__name__: each.__base__.__name__ for each in classes if each is not RouterError}


def test_every_error_can_be_caught_as_one():
    assert RouterError.__base__ is Exception


def test_a_configuration_error_tells_every_problem_on_a_line_of_its_own():
    first, second = Problem("unknown key x", file="zdr.yaml", line=3, fix="remove it"), Problem("no route")
    error = ConfigError([first, second])
    assert error.problems == (first, second)
    assert str(error) == "zdr.yaml:3: unknown key x; remove it\nno route"
    assert ConfigError(first).problems == (first,)


@pytest.mark.parametrize(
    ("problem", "where", "text"),
    [
        (Problem("what", file="f", line=2, fix="fix"), "f:2", "f:2: what; fix"),
        (Problem("what", file="f"), "f", "f: what"),
        (Problem("what", fix="fix"), "", "what; fix"),
    ],
    ids=["line", "file", "nowhere"],
)
def test_a_problem_says_where_what_and_what_to_do(problem, where, text):
    assert (problem.where, str(problem), repr(problem)) == (where, text, f"Problem({text!r})")


def test_a_refusal_tells_every_reason():
    error = Refused(REFUSALS, metadata(refusals=REFUSALS))
    assert error.refusals == REFUSALS
    assert str(error) == (
        "no target of route 'chat' may serve this request: "
        "a/m: ZDR201 stores_prompts is yes; b/m: ZDR401 its basis is documented"
    )
    assert "it has none" in str(Refused((), metadata()))


def test_an_exhausted_request_tells_every_cause_in_order():
    error = Exhausted(metadata(ATTEMPTS))
    assert error.attempts == ATTEMPTS
    assert str(error) == "no target of route 'chat' answered (a/m: transient, b/m: timeout)"
    assert "none was tried" in str(Exhausted(metadata()))


def test_a_broken_stream_tells_which_attempt_broke():
    assert str(StreamBroken(metadata(ATTEMPTS))).endswith("broke after its first content (b/m: timeout)")
    assert str(StreamBroken(metadata())).endswith("broke after its first content")


def test_an_invalid_request_names_its_part_and_status():
    error = InvalidRequest("no", param="n", status=422)
    assert (error.param, error.status, error.metadata, str(error)) == ("n", 422, None, "no")
    assert InvalidRequest("no").status == 400


def test_what_callers_of_a_host_see_of_a_refusal_names_no_account_and_no_file():
    shown = REFUSALS[0].public()
    assert shown == {"id": "ZDR201", "configuration": "acme/zdr", "reason": "stores_prompts is yes"}


@pytest.mark.parametrize(
    ("rule", "shown"), [("ZDR101", False), ("ZDR504", False), ("ZDR603", True), ("ZDR701", False), ("ZDR801", True)]
)
def test_the_fix_of_a_rule_about_the_request_is_shown_to_its_caller(rule, shown):
    refusal = Refusal(rule, "a/m", "acme/zdr", "reason", "the fix")
    assert refusal.about_the_request is shown
    assert ("fix" in refusal.public()) is shown


def test_a_refusal_is_one_line_for_an_operator():
    assert str(REFUSALS[0]) == "ZDR201 a/m: stores_prompts is yes. Fix: use another [acme.yaml:7]"
    assert str(REFUSALS[1]) == "ZDR401 b/m: its basis is documented. Fix: hold a grant"
