from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from zdr_router.conformance.earlier import Unknown, earlier
from zdr_router.errors import ConfigError

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Run git in a repository of its own, without anybody's settings; gives what it says."""
    top = tmp_path / "repository"
    top.mkdir()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)

    def run(*args):
        who = ("-c", "user.name=T", "-c", "user.email=t@example.com")
        done = subprocess.run([GIT, "-C", top, *who, *args], capture_output=True, text=True, check=True, timeout=30)
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    run.top = top
    return run


@pytest.fixture
def providers(git, registry, configuration):
    """The folder of provider files in the repository; `write` changes the title of the one in it."""
    folder = git.top / "deep" / "providers"
    folder.mkdir(parents=True)

    def write(title):
        configuration["title"] = title
        shutil.copy(registry(), folder / "example.yaml")

    folder_and_write = (folder, write)
    write("First")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    write("Second")
    return folder_and_write


def title(registry):
    return registry.configurations["example/zdr"].title


@needs_git
@pytest.mark.parametrize("revision", ["HEAD", "main", "v1"])
def test_a_revision_is_what_git_has_not_what_lies_there(git, providers, revision):
    folder, _ = providers
    git("tag", "v1")
    assert title(earlier(revision, [folder])) == "First"
    assert title(earlier(revision, [folder / "example.yaml"])) == "First"


@needs_git
def test_an_older_revision_is_found_by_its_hash(git, providers):
    folder, write = providers
    first = git("rev-parse", "--short", "HEAD")
    write("Third")
    git("commit", "--quiet", "--all", "--message=third")
    assert title(earlier("HEAD", [folder])) == "Third"
    assert title(earlier(first, [folder])) == "First"
    assert title(earlier("HEAD~1", [folder])) == "First"


@needs_git
def test_files_of_another_kind_and_hidden_ones_are_left_out(git, providers):
    folder, _ = providers
    (folder / "README.md").write_text("# not YAML: [", encoding="utf-8")
    (folder / ".old.yaml").write_text("not: [declared", encoding="utf-8")
    git("add", "--force", ".")
    git("commit", "--quiet", "--message=more")
    assert list(earlier("HEAD", [folder]).providers) == ["example"]


@needs_git
def test_what_git_tells_its_hooks_does_not_lead_elsewhere(providers, monkeypatch):
    folder, _ = providers
    monkeypatch.setenv("GIT_DIR", "/nowhere/.git")
    monkeypatch.setenv("GIT_WORK_TREE", "/nowhere")
    assert title(earlier("HEAD", [folder])) == "First"


@needs_git
def test_a_name_with_blanks_and_letters_beyond_ascii_is_found(git, providers):
    folder, _ = providers
    git("mv", "--force", "deep/providers/example.yaml", "deep/providers/über uns.yaml")
    git("commit", "--quiet", "--message=renamed")
    assert list(earlier("HEAD", [folder]).providers) == ["example"]


@needs_git
@pytest.mark.parametrize("revision", ["no-such-branch", "deadbeef", "--all", "HEAD:deep"])
def test_a_revision_that_is_none_says_what_would_be_one(providers, revision):
    with pytest.raises(Unknown, match="is neither a folder nor a revision") as raised:
        earlier(revision, [providers[0]])
    assert "git fetch" in raised.value.fix


@needs_git
def test_outside_a_repository_there_are_no_revisions(tmp_path, registry, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(Unknown, match=r"git knows no repository at .*fatal: ") as raised:
        earlier("HEAD", [registry()])
    assert "--against DIR" in raised.value.fix


@needs_git
def test_a_revision_without_the_files_is_nothing_to_compare_with(git, providers):
    folder, _ = providers
    git("checkout", "--quiet", "--orphan", "empty")
    git("rm", "--quiet", "-r", "--cached", "--force", ".")
    git("commit", "--quiet", "--allow-empty", "--message=empty")
    with pytest.raises(Unknown, match="holds no provider file"):
        earlier("HEAD", [folder])


@needs_git
def test_a_revision_that_cannot_be_loaded_names_its_file_there(git, providers):
    folder, _ = providers
    (folder / "example.yaml").write_text("schema: 1\nretention: none\n", encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=broken")
    with pytest.raises(ConfigError) as raised:
        earlier("HEAD", [folder])
    assert "HEAD:deep/providers/example.yaml:2" in [problem.where for problem in raised.value.problems]


def test_without_git_a_folder_can_still_be_compared(tmp_path, registry, monkeypatch):
    path = registry()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert title(earlier(str(tmp_path), [path])) == "Example"
    with pytest.raises(Unknown, match="there is no git here"):
        earlier("HEAD", [path])


def test_a_folder_is_loaded_as_it_is(tmp_path, registry):
    other = tmp_path / "before"
    other.mkdir()
    file = json.loads(registry().read_text(encoding="utf-8"))
    file["configurations"][0]["title"] = "Before"
    (other / "example.yaml").write_text(json.dumps(file), encoding="utf-8")
    assert title(earlier(str(other), [])) == "Before"
    assert title(earlier(str(other / "example.yaml"), [])) == "Before"
