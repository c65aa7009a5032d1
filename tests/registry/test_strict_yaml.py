"""Reading a file: what a plain scalar is, what is refused, and where a fault is said to be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.base import Declared, Text
from zdr_router.registry.strict_yaml import LIMIT, parse, read

DEEP = 100_000


def _refused(data: str | bytes) -> Problem:
    with pytest.raises(ConfigError) as caught:
        parse(data.encode() if isinstance(data, str) else data, "f.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "f.yaml"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return problem


def _value(scalar: str) -> object:
    value = parse(f"a: {scalar}\n".encode(), "f.yaml").value
    assert isinstance(value, dict)
    return value["a"]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        # null, boolean
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("tRUE", "tRUE"),
        # words that YAML 1.1 took for booleans
        ("yes", "yes"),
        ("Yes", "Yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("n", "n"),
        # integers
        ("0", 0),
        ("+1", 1),
        ("-12", -12),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0O17", "0O17"),
        ("-0x1F", "-0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("9007199254740991", 2**53 - 1),
        # neither sexagesimal numbers nor dates
        ("12:30:45", "12:30:45"),
        ("2026-11-22", "2026-11-22"),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        # floats
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5e-1", -0.05),
        ("+1.5E+2", 150.0),
        (".", "."),
        ("+", "+"),
        ("e3", "e3"),
        ("1e", "1e"),
        ("1.2.3", "1.2.3"),
        (".info", ".info"),
        ("inf", "inf"),
        ("nan", "nan"),
        # quoted: always words
        ('"true"', "true"),
        ("'1'", "1"),
        ('""', ""),
        ('"~"', "~"),
        ("|-\n  12", "12"),
        # other words
        ("=", "="),
        ("a\n  b", "a b"),
    ],
)
def test_a_plain_scalar_is_what_the_core_schema_of_yaml_1_2_says(scalar, value):
    found = _value(scalar)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "scalar",
    [
        *(".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN", "1e400", "-1e400", "0." + "1" * 5000),
        *("9007199254740992", "-9007199254740992", "9" * 5000, "-" + "1" * 100_000),
        *("0x20000000000000", "0o" + "7" * 30),
    ],
)
def test_a_number_that_json_cannot_carry_is_an_error(scalar):
    problem = _refused(f"b: 1\na: {scalar}")
    assert problem.what == "a number that JSON cannot carry"
    assert problem.line == 2


_LETTERS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]))


@given(st.dictionaries(_LETTERS, st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | _LETTERS, st.lists)))
def test_whatever_json_says_is_read_as_json(value):
    data = json.dumps(value, ensure_ascii=False)
    assert parse(data.encode(), "f.yaml").value == value


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        ("a: 1\nb: 2\na: 3", "duplicate key a", 3),
        ("a: 1\n'a': 3", "duplicate key a", 2),
        ('{"a": 1,\n a: 3}', "duplicate key a", 2),
        ("x:\n  - y: {b: 1,\n        b: 1}", "duplicate key b", 3),
        ("1: a\n'1': b", "duplicate key 1", 2),
        ("a: &x 1\nb: *x", "an anchor", 1),
        ("a: 1\nb: *x", "an alias", 2),
        ("a:\n  &x b: 1", "an anchor", 2),
        ("a: 1\n*x : 2", "an alias", 2),
        ("a: 1\n<<: {b: 1}", "a merge key", 2),
        ("a: 1\nb: {<<: {c: 1}}", "a merge key", 2),
        ("a: !!python/object/apply:os.system [ls]", "a tag", 1),
        ("a: 1\nb: !!python/name:os.system", "a tag", 2),
        ("a: !!str 1", "a tag", 1),
        ("a: !!binary aGk=", "a tag", 1),
        ("a: !!set {b}", "a tag", 1),
        ("a: ! 1", "a tag", 1),
        ("a: !local 1", "a tag", 1),
        ("a: 1\n!!str b: 1", "a tag", 2),
        ("%TAG !e! tag:e.example,2026:\n---\na: !e!x 1", "a tag", 3),
        ("---\na: 1\n---\nb: 1", "a second document", 3),
        ("---\na: 1\n...\n---\n", "a second document", 4),
        ("a: 1\n? [b]\n: 1", "a key that is not a word", 2),
        ("a: 1\n{b: 1}: 1", "a key that is not a word", 2),
        ("", "the file is empty", 0),
        ("# only a comment\n", "the file is empty", 0),
        ("---\n", "the file is empty", 0),
        ("~", "the file is empty", 0),
        ("a: 1\nb: [1", "not YAML: did not find expected ',' or ']'", 3),
        ("a: 1\n\tb: 1", "not YAML: found a tab character that violates indentation", 2),
        ("a: 'b", "not YAML: found unexpected end of stream", 1),
    ],
)
def test_what_is_not_plain_data_is_one_error_with_its_line(data, what, line):
    problem = _refused(data)
    assert (problem.what, problem.line) == (what, line)


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        ("a: ü\nb: \xff".encode("latin-1"), "not UTF-8", 1),
        (b"a: 1\nb: \xff\n", "not UTF-8", 2),
        (b"a: 1\nb: \xed\xa0\x80\n", "not UTF-8", 2),
        ("a: 1".encode("utf-16"), "not UTF-8", 1),
        ("a: 1".encode("utf-32"), "not UTF-8", 1),
        ("a: 1".encode("utf-16-le"), "not YAML: a control character", 1),
        (b"a: 1\nb: \x00", "not YAML: a control character", 2),
        ("äöü: ääää\nä: ö\nb: \x1b[2J\nc: 1\nd: 1".encode(), "not YAML: a control character", 3),
        ("a: 1\nb: x\u2028c: 2".encode(), "a character that hides or breaks text", 2),
        ("a: 1 # x\x85b: 1".encode(), "a character that hides or breaks text", 1),
        (b"a: 1\nb: 1 # x\rc: 1", "a character that hides or breaks text", 2),
        ("a: 1\nb: \u202eon".encode(), "a character that hides or breaks text", 2),
    ],
)
def test_bytes_that_are_not_plain_text_are_one_error_with_its_line(data, what, line):
    problem = _refused(data)
    assert (problem.what, problem.line) == (what, line)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm():
    document = parse(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: x\r\n", "f.yaml")
    assert document.value == {"a": 1, "b": {"c": "x"}}
    assert document.line(("b", "c")) == 3


def test_aliases_cannot_blow_a_file_up():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    assert _refused(bomb).what == "an anchor"


def test_a_file_beyond_the_limit_is_not_parsed():
    assert "larger than" in _refused(b"#" * (LIMIT + 1)).what


def test_no_more_than_the_limit_is_read_from_a_file_without_end():
    with pytest.raises(ConfigError, match="larger than"):
        read(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0.yaml"])
def test_a_file_that_cannot_be_read_is_an_error_with_its_name(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        read(tmp_path / name)
    assert caught.value.__context__ is None


NESTED = {
    "flow lists": "'[' * n",
    "closed flow lists": "'[' * n + ']' * n",
    "flow mappings": "'{a: ' * n",
    "flow mappings as keys": "'{' * n",
    "flow lists and mappings": "'[{a: ' * n",
    "explicit keys in flow": "'{? ' * n",
    "flow lists on lines of their own": "'[\\n' * n",
    "block lists": "'- ' * n",
    "block lists, wider": "'-  ' * n",
    "block lists on lines of their own": "chr(10).join(' ' * i + '-' for i in range(2000))",
    "block mappings": "chr(10).join(' ' * i + 'a:' for i in range(2000))",
    "explicit keys": "'? ' * n",
    "explicit keys and lists": "'? - ' * n",
    "lists and explicit keys": "'- ? ' * n",
    "pairs in flow": "'[a: ' * n",
    "values": "': ' * n",
    "tags": "'!!seq ' * n + 'a'",
    "anchors": "'&a ' * n + 'a'",
    "tagged lists": "'!!seq [' * n",
    "anchored lists": "'&a [' * n",
}


PROGRAM = """
import sys, time
from zdr_router.errors import ConfigError
from zdr_router.registry.strict_yaml import parse
n = int(sys.argv[1])
for expression in sys.argv[2:]:
    data, began = eval(expression).encode(), time.process_time()
    try:
        parse(data, "f.yaml")
    except ConfigError as error:
        print(expression, len(error.problems), error.problems[0].file, time.process_time() - began < 2, flush=True)
"""


def test_no_depth_of_nesting_crashes_or_stalls_the_parser():
    command = [sys.executable, "-c", PROGRAM, str(DEEP), *NESTED.values()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    refused = ended.stdout.splitlines()
    assert refused == [f"{expression} 1 f.yaml True" for expression in NESTED.values()], ended.stderr[-300:]
    assert ended.returncode == 0


def test_sixty_four_levels_are_read_and_one_more_is_not():
    assert parse(("[" * 64 + "]" * 64).encode(), "f.yaml").value == eval("[" * 64 + "]" * 64)  # noqa: S307
    problem = _refused("a:\n  " + "[" * 64 + "]" * 64)
    assert (problem.what, problem.line) == ("nested deeper than 64 levels", 2)


class Part(Declared):
    words: list[Text]
    number: int = 0
    either: str | list[int] = ""


class Whole(Declared):
    parts: list[Part]
    table: dict[str, Part] = Field(default_factory=dict)


def _faults(data: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(data.encode(), "f.yaml").validate(Whole)
    return [f"{problem.line} {problem.what}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ("parts: []\nextra: 1", ["2 unknown key extra"]),
        ("parts:\n  - words: [a]\n    extra: 1", ["3 unknown key parts.0.extra"]),
        ("parts:\n  - words: [a]\n  - number: 1", ["3 missing key parts.1.words"]),
        ("\n\ntable: {}", ["3 missing key parts"]),
        ("parts:\n  - words:\n    - a\n    - 1", ["4 parts.0.words.1: input should be a valid string"]),
        ("parts:\n  - words: [a]\n    number: true", ["3 parts.0.number: input should be a valid integer"]),
        ("parts:\n  - words: [a]\n    number: '1'", ["3 parts.0.number: input should be a valid integer"]),
        ("parts:\n  - words: [a]\n    number:", ["3 parts.0.number: input should be a valid integer"]),
        ("parts: 1", ["1 parts: input should be a valid list"]),
        ("parts: [1]", ["1 parts.0: keys and values are expected here"]),
        ("- 1", ["1 keys and values are expected here"]),
        ("word", ["1 keys and values are expected here"]),
        (
            "parts:\n- words: []\n  either: {a: 1}",
            ["3 parts.0.either: input should be a valid string, or input should be a valid list"],
        ),
        (
            "table:\n  x: {words: [1]}\nparts:\n- number: x\n  words: ['']",
            [
                "2 table.x.words.0: input should be a valid string",
                "4 parts.0.number: input should be a valid integer",
                "5 parts.0.words.0: string should have at least 1 character",
            ],
        ),
    ],
)
def test_every_fault_is_told_in_the_order_of_the_file(data, faults):
    assert _faults(data) == faults


def test_a_strange_key_is_shown_on_one_line_and_cut_short():
    (fault,) = _faults('parts: []\n"\\x1b[2J\\n' + "x" * 900 + '": 1')
    assert fault.isprintable()
    assert len(fault) < 120


def test_lines_are_kept_for_keys_items_and_their_leaves():
    document = parse(b"a:\n  b:\n    - x\n    - y: 1\n  c: {d.e: 1}\n", "f.yaml")
    assert document.lines(("a",), 3) == {"": 1, "b": 2, "b.0": 3, "b.1": 4, "b.1.y": 4, "c": 5, "c.d.e": 5}
    assert document.lines(("a",), 1) == {"": 1, "b": 2, "c": 5}
    assert document.leaves(("a",), 3) == {"b", "b.0", "b.1.y", "c.d.e"}
    assert document.lines(("a", "z"), 3) == {}
    assert document.line(("a", "b", 7)) == 2
