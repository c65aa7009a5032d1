from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from zdr_router.site.folder import SUMS, Foreign, write

FILES = {"index.html": b"a", "site.css": b"b", "provider/acme.html": b"c"}


def there(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder_gets_every_file_and_their_digests(tmp_path):
    out = tmp_path / "deep" / "out"
    write(FILES, out)
    found = there(out)
    sums = found.pop(SUMS).decode()
    assert found == FILES
    assert sums.splitlines() == [f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}" for name in sorted(FILES)]


def test_a_later_catalogue_replaces_an_earlier_one_and_leaves_nothing_of_it(tmp_path):
    write({**FILES, "provider/gone.html": b"d"}, tmp_path)
    write({**FILES, "index.html": b"new"}, tmp_path)
    found = there(tmp_path)
    assert "gone" not in found.pop(SUMS).decode()
    assert found == {**FILES, "index.html": b"new"}


@pytest.mark.parametrize("name", ["notes.txt", "index.html", "provider/mine.html", ".hidden"])
def test_a_folder_with_files_of_somebody_else_is_left_alone(tmp_path, name):
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes(b"mine")
    with pytest.raises(Foreign):
        write(FILES, tmp_path)
    assert there(tmp_path) == {name: b"mine"}


def test_a_file_that_was_put_beside_a_catalogue_stops_the_next_one(tmp_path):
    write(FILES, tmp_path)
    (tmp_path / "notes.txt").write_bytes(b"mine")
    before = there(tmp_path)
    with pytest.raises(Foreign):
        write({"index.html": b"new"}, tmp_path)
    assert there(tmp_path) == before


@pytest.mark.parametrize("name", ["../precious.html", "provider/../../precious.html", "/precious.html", "a/b.html"])
def test_a_list_of_digests_that_names_something_else_removes_nothing(tmp_path, name):
    out = tmp_path / "out"
    (out / "provider").mkdir(parents=True)
    (tmp_path / "precious.html").write_bytes(b"mine")
    (out / SUMS).write_text(f"{'0' * 64}  {name}\n")
    write(FILES, out)
    assert (tmp_path / "precious.html").read_bytes() == b"mine"


def test_a_catalogue_that_was_interrupted_can_be_written_again(tmp_path, monkeypatch):
    write({**FILES, "provider/gone.html": b"d"}, tmp_path)
    put, left = Path.write_bytes, [2]

    def full(path, content):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(path, content)

    new = {"about.html": b"e", "index.html": b"f", "provider/new.html": b"g"}
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space"):
            write(new, tmp_path)
    write(new, tmp_path)
    found = there(tmp_path)
    assert len(found.pop(SUMS).splitlines()) == 3
    assert found == new


def test_a_link_to_a_folder_elsewhere_is_not_followed(tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    write(FILES, out)
    elsewhere.mkdir()
    (out / "provider" / "acme.html").unlink()
    (out / "provider").rmdir()
    (out / "provider").symlink_to(elsewhere)
    with pytest.raises(Foreign):
        write(FILES, out)
    assert there(elsewhere) == {}
