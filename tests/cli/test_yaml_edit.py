from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.cli.yaml_edit import Unsafe, append, block, flow, put
from zdr_router.registry.strict_yaml import parse

VALUE = {"basis": "contract", "stated_by": "us: # all"}
WRITTEN = 'grant: {basis: contract, stated_by: "us: # all"}'


def value(text):
    return parse(text.encode(), "text").value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "a:\n  b:\n    c: 1  # one\n\n  d: 2\n",
            'a:\n  b:\n    c: 1  # one\n    grant:\n      basis: contract\n      stated_by: "us: # all"\n\n  d: 2\n',
        ),
        ("a:\n  b:\n    c: 1", 'a:\n  b:\n    c: 1\n    grant:\n      basis: contract\n      stated_by: "us: # all"'),
        ("a: {b: {c: 1}}  # x\n", f"a: {{b: {{c: 1, {WRITTEN}}}}}  # x\n"),
        ("a: {b: {c: 1, }}\n", f"a: {{b: {{c: 1, {WRITTEN}, }}}}\n"),
        ("a:\n  b: {c: 1,  # one\n      d: [2]}\n", f"a:\n  b: {{c: 1,  # one\n      d: [2], {WRITTEN}}}\n"),
        ("a:\n  b: {grant: {x: 1}, c: 1}\n", f"a:\n  b: {{{WRITTEN}, c: 1}}\n"),
        (
            "a:\n  b:\n    grant:\n      x: 1\n      y: [1,\n        2]\n    # after\n    c: 1\n",
            'a:\n  b:\n    grant:\n      basis: contract\n      stated_by: "us: # all"\n    # after\n    c: 1\n',
        ),
        (
            "a:\n  b:\n    grant: {x: 1}  # old\n    c: 1\n",
            'a:\n  b:\n    grant:\n      basis: contract\n      stated_by: "us: # all"  # old\n    c: 1\n',
        ),
    ],
)
def test_a_key_is_set_and_every_other_character_stays(before, after):
    assert put(before, ("a", "b"), "grant", VALUE) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\n- b: 1\n# end\n", "a:\n- b: 1\n- c: 2\n# end\n"),
        ("a:\n  - b: 1  # one\nz: 1\n", "a:\n  - b: 1  # one\n  - c: 2\nz: 1\n"),
        ("a: [{b: 1}]\n", "a: [{b: 1}, {c: 2}]\n"),
    ],
)
def test_an_item_is_added_and_every_other_character_stays(before, after):
    assert append(before, ("a",), {"c": 2}) == after


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  b:\n    grant:\n      x: 1\n      # why\n      y: 2\n    c: 1\n",
        "a:\n  b:\n    c: |\n      text\n",
        "a:\n  b: 1\n",
        "a: 1\n",
        "a:\n  b: {}\n",
        "z: 1\n",
    ],
)
def test_where_something_could_be_lost_nothing_is_changed(text):
    with pytest.raises(Unsafe):
        put(text, ("a", "b"), "grant", VALUE)


def test_an_item_is_added_to_lists_only():
    with pytest.raises(Unsafe):
        append("a: {b: 1}\n", ("a",), {"c": 2})


WORDS = st.one_of(
    st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF, exclude_categories=("Cs", "Cc", "Cf", "Cn", "Co"))),
    st.sampled_from(["no", "2026-11-22", "0x1f", "-", "a: b", "# c", "{", "]", "~", "k1:00", "org_1", "'", '"', "\\"]),
)


@given(st.dictionaries(st.sampled_from(["basis", "stated_by", "reference"]), WORDS, min_size=1))
def test_whatever_is_written_is_read_back(made):
    for before in ("a:\n  b: {c: 1}\n", "a:\n  b:\n    c: 1\n"):
        assert value(put(before, ("a", "b"), "grant", made)) == {"a": {"b": {"c": 1, "grant": made}}}
    assert value("\n".join(block(made))) == made
    assert value(f"a: {flow([made, True, None, 1.5])}") == {"a": [made, True, None, 1.5]}
