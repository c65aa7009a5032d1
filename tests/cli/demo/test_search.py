from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from zdr_router.cli.demo.search import PIECE, Finding, files_under, forms, pieces, planted, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = 'Zoë said: "the 3 keys are under the mat", and\nlaughed.'

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "UTF-16 little-endian": lambda text: text.encode("utf-16-le"),
    "UTF-16 big-endian": lambda text: text.encode("utf-16-be"),
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "JSON": lambda text: json.dumps({"said": text}).encode(),
    "JSON with letters": lambda text: json.dumps([text], ensure_ascii=False).encode(),
    "URL": lambda text: quote(text, safe="").encode(),
    "form": lambda text: quote_plus(text).encode(),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 after one byte": lambda text: base64.b64encode(b"x" + text.encode()),
    "base64 after two bytes": lambda text: base64.b64encode(b"xy" + text.encode()),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"xyz" + text.encode()),
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_a_text_is_found_in_whatever_form_it_was_written(write: Callable[[str], bytes]):
    assert search({"log": b"before " + write(SECRET) + b" after"}, [SECRET]).findings


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("start", range(len(SECRET) - 2 * PIECE + 1))
def test_any_part_of_a_text_as_long_as_two_pieces_less_one_is_found(write: Callable[[str], bytes], start: int):
    part = SECRET[start : start + 2 * PIECE - 1]
    assert search({"log": write(part)}, [SECRET]).findings


def test_a_source_without_the_text_gives_no_finding():
    other = SECRET.replace("e", "o").replace("a", "u")
    assert search({"log": planted(other)}, [SECRET]).findings == ()


def test_a_finding_says_where_and_in_which_form_and_not_what():
    report = search({"clean": b"nothing", "log": SECRET.encode()}, [SECRET])
    assert Finding("log", "plain") in report.findings
    assert {finding.source for finding in report.findings} == {"log"}
    assert "mat" not in repr(report)


def test_a_control_is_found_in_every_form():
    found = {finding.form for finding in search({"control": planted(SECRET)}, [SECRET]).findings}
    assert found == set(forms(SECRET))


def test_the_report_counts_what_was_searched():
    report = search({"a": b"12345", "b": b"123"}, ["x" * PIECE, "y" * 2 * PIECE])
    assert (report.sources, report.size, report.pieces) == (2, 8, 2)


def test_pieces_cover_a_text_to_its_end():
    text = "abcdefghijklmnopqrstuvwxyz"
    assert pieces(text) == ("abcdefghijklmnop", "klmnopqrstuvwxyz")
    assert pieces("short") == ("short",)


@pytest.mark.parametrize("texts", [[], [""], ["  "]])
def test_a_search_for_nothing_is_an_error(texts: list[str]):
    with pytest.raises(ValueError, match="proves nothing"):
        search({"log": b"anything"}, texts)


def test_files_are_read_from_every_folder_below(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".hidden").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    assert files_under(tmp_path) == {"a/.hidden": b"1", "b": b"2"}
