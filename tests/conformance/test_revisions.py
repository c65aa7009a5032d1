from __future__ import annotations

import shutil
import subprocess

import pytest

from zdr_router.conformance.revisions import opened
from zdr_router.errors import ConfigError
from zdr_router.registry import shipped_directory


def git(*arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run([shutil.which("git"), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose first commit says `one`, and whose working tree says `two`."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "providers"
    folder.mkdir()
    (folder / "a.yaml").write_text("one", encoding="utf-8")
    (folder / "notes.txt").write_text("not ours", encoding="utf-8")
    (folder / "link.yaml").symlink_to("/etc/hostname")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("tag", "v1")
    (folder / "a.yaml").write_text("two", encoding="utf-8")
    return tmp_path


pytestmark = pytest.mark.usefixtures("repository")


def test_a_revision_holds_what_was_committed():
    with opened("v1:providers") as origin:
        path = origin.path
        assert [each.name for each in sorted(path.rglob("*"))] == ["a.yaml"]
        assert (path / "a.yaml").read_text(encoding="utf-8") == "one"
        assert origin.told(f"{path}/a.yaml:3") == "v1:providers/a.yaml:3"
    assert not path.exists()


def test_one_file_of_a_revision_can_be_named():
    with opened("HEAD:providers/a.yaml") as origin:
        assert origin.path.read_text(encoding="utf-8") == "one"


def test_a_path_that_is_there_is_itself():
    with opened("providers/a.yaml") as origin:
        assert origin.path.read_text(encoding="utf-8") == "two"
    with opened("shipped") as origin:
        assert origin.path == shipped_directory()


@pytest.mark.parametrize("name", ["v2:providers", "v1:absent", "--upload-pack=x:providers", ":", "nowhere"])
def test_what_is_no_place_is_said_so(name):
    with pytest.raises(ConfigError) as caught, opened(name):
        pass
    (problem,) = caught.value.problems
    assert problem.file == name
    assert problem.fix


def test_without_git_a_revision_cannot_be_had(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="needs git"), opened("v1:providers"):
        pass
