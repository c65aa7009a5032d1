"""When the operator's files count as changed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from zdr_router.driver.watching import Watch

if TYPE_CHECKING:
    from pathlib import Path

NAMED = ("overlay.yaml", "key", "part", "ca.pem", "password")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's file that names one of each."""
    declared = {
        "registry": {"providers": ["providers"], "overlays": ["overlay.yaml"]},
        "policy": {"minimum_grade": "contracted"},
        "accounts": {
            "a": {"configuration": "acme/zdr", "api_key": {"file": "key"}},
            "b": {
                "configuration": "acme/zdr",
                "credentials": {"access_key_id": {"env": "ID"}, "secret_access_key": {"file": "part"}},
            },
        },
        "routes": {"chat": {"targets": ["a/m"]}},
        "transport": {"ca_file": "ca.pem"},
        "state": {"health": {"redis": {"url": "redis://127.0.0.1:6379/0", "password": {"file": "password"}}}},
    }
    (tmp_path / "zdr.yaml").write_text(json.dumps(declared))
    (tmp_path / "providers" / "more").mkdir(parents=True)
    (tmp_path / "providers" / "acme.yaml").write_text("a")
    for name in NAMED:
        (tmp_path / name).write_text("a")
    return tmp_path


def seen(watch: Watch) -> bool:
    """Whether the second look finds what the first one saw."""
    return not watch.changed() and watch.changed()


def test_what_stays_as_it_is_has_not_changed(folder):
    watch = Watch(folder / "zdr.yaml")
    assert not any(watch.changed() for _ in range(3))


@pytest.mark.parametrize("name", ["zdr.yaml", "providers/acme.yaml", *NAMED])
@pytest.mark.parametrize("how", ["written", "touched", "replaced", "deleted"])
def test_a_file_that_is_written_touched_replaced_or_deleted_has_changed_once(folder, name, how):
    watch, file = Watch(folder / "zdr.yaml"), folder / name
    before = file.stat()
    match how:
        case "written":
            file.write_text(file.read_text() + "\n")
        case "touched":
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        case "replaced":
            (folder / "new").write_text(file.read_text())
            os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
            (folder / "new").replace(file)
        case _:
            file.unlink()
    assert seen(watch)
    assert not any(watch.changed() for _ in range(3))


@pytest.mark.parametrize("name", ["providers/new.yaml", "providers/more/new.yml"])
def test_a_new_provider_file_is_a_change(folder, name):
    watch = Watch(folder / "zdr.yaml")
    (folder / name).write_text("a")
    assert seen(watch)


def test_files_that_nobody_reads_are_not_looked_at(folder):
    watch = Watch(folder / "zdr.yaml")
    for name in ("notes", "providers/notes.txt", "providers/.acme.yaml.swp", "providers/.hidden.yaml"):
        (folder / name).write_text("a")
    (folder / "providers" / "acme.yaml").read_text()
    # A new file changes the date of its folder, which counts for nothing.
    assert not any(watch.changed() for _ in range(3))


def test_what_changes_again_is_waited_for(folder):
    watch, file = Watch(folder / "zdr.yaml"), folder / "key"
    for text in ("b", "bc", "bcd"):
        file.write_text(text)
        assert not watch.changed()
    assert watch.changed()


def test_what_was_noted_is_no_change(folder):
    watch = Watch(folder / "zdr.yaml")
    (folder / "key").write_text("another")
    watch.note()
    assert not any(watch.changed() for _ in range(3))


def test_while_the_file_cannot_be_read_what_it_named_before_is_looked_at(folder):
    watch = Watch(folder / "zdr.yaml")
    (folder / "zdr.yaml").write_text("[")
    assert seen(watch)
    (folder / "key").write_text("another")
    assert seen(watch)


def test_what_a_new_text_names_is_looked_at(folder):
    watch = Watch(folder / "zdr.yaml")
    text = (folder / "zdr.yaml").read_text()
    (folder / "zdr.yaml").write_text(text.replace("overlay.yaml", "late.yaml"))
    assert seen(watch)
    (folder / "late.yaml").write_text("a")
    assert seen(watch)
