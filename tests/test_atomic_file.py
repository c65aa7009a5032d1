from __future__ import annotations

import stat

import pytest

from zdr_router import atomic_file
from zdr_router.atomic_file import Busy, locked, read_whole, replace


def test_one_at_a_time_changes_a_file(tmp_path):
    path = tmp_path / "file"
    with locked(path, wait=0):
        with pytest.raises(Busy), locked(path, wait=0.05):
            pass
        with locked(tmp_path / "other", wait=0):
            pass
    with locked(path, wait=0):
        pass


def test_a_writing_that_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace(path, b"old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_file.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert read_whole(path, 10) == b"old"


def test_no_more_is_read_than_shows_that_it_is_too_long(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert len(read_whole(tmp_path / "file", 10)) == 11
