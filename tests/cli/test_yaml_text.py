from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zdr_router.cli.yaml_text import text
from zdr_router.registry.strict_yaml import parse

# What a document of ours can hold: plain values below mappings with keys that are words.
_words = st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=200)
_scalars = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _words | st.sampled_from(["no", "2026-11-22", "#"])
)
_keys = st.text(alphabet="abc_.[]-", min_size=1, max_size=6)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(_keys, _values, min_size=1, max_size=4), st.lists(_words, max_size=2))
def test_what_is_written_is_read_back(document, comment):
    comments = {(): tuple(comment), (next(iter(document)),): tuple(comment)}
    assert parse(text(document, comments).encode(), "t").value == document


def test_a_line_break_does_not_end_a_comment():
    assert text({"a": 1}, {("a",): ("one\ntwo: 2",)}) == "# one two: 2\na: 1\n"


def test_short_parts_stand_in_one_line_and_long_ones_in_several():
    document = {"short": {"a": [1, 2]}, "items": [{"a": 1}, {"b": "x" * 200, "c": {"d": 1}}]}
    expected = f"short: {{a: [1, 2]}}\nitems:\n  - {{a: 1}}\n  - b: {'x' * 200}\n    c: {{d: 1}}\n"
    assert text(document, {}) == expected
