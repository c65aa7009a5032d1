from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from zdr_router.conformance import revisions
from zdr_router.conformance.revisions import Unknown, earlier, opened
from zdr_router.errors import ConfigError
from zdr_router.registry import shipped_directory

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Run git in a repository of its own, without anybody's settings; gives what it says."""
    top = tmp_path / "repository"
    top.mkdir()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)

    def run(*args, stdin=b""):
        who = ("-c", "user.name=T", "-c", "user.email=t@example.com")
        done = subprocess.run([GIT, "-C", top, *who, *args], input=stdin, capture_output=True, check=True, timeout=30)
        return done.stdout.decode().strip()

    run("init", "--quiet", "--initial-branch=main")
    run.top = top
    return run


@pytest.fixture
def providers(git, registry, configuration, monkeypatch):
    """The folder of provider files in the repository around this folder; `write` changes the title in the one there.

    What is committed says `First`, and what lies there `Second`.
    """
    folder = git.top / "deep" / "providers"
    folder.mkdir(parents=True)

    def write(title):
        configuration["title"] = title
        shutil.copy(registry(), folder / "example.yaml")

    write("First")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    git("tag", "v1")
    write("Second")
    monkeypatch.chdir(git.top)
    return folder, write


def title(registry):
    return registry.configurations["example/zdr"].title


def title_at(place):
    file = place / "example.yaml" if place.is_dir() else place
    return json.loads(file.read_text(encoding="utf-8"))["configurations"][0]["title"]


def refused(read, match):
    """What `read` is refused with, and what it says to do."""
    with pytest.raises(Unknown, match=match) as raised:
        read()
    return raised.value.fix


def open_(name):
    with opened(name) as origin:
        return origin.path


@pytest.fixture(params=["earlier", "opened"])
def read(request, providers):
    """Both ways to read a revision's provider files, from the same words."""

    def run(revision):
        return earlier(revision, [providers[0]]) if request.param == "earlier" else open_(f"{revision}:deep/providers")

    return run


@needs_git
@pytest.mark.parametrize("revision", ["HEAD", "main", "v1"])
def test_a_revision_is_what_git_has_not_what_lies_there(providers, revision):
    folder, _ = providers
    assert title(earlier(revision, [folder])) == "First"
    assert title(earlier(revision, [folder / "example.yaml"])) == "First"
    with opened(f"{revision}:deep/providers") as origin:
        assert title_at(origin.path) == "First"
    with opened(f"{revision}:deep/providers/example.yaml") as origin:
        assert title_at(origin.path) == "First"


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
@pytest.mark.usefixtures("providers")
def test_what_was_laid_out_is_told_by_its_own_name_and_does_not_stay():
    with opened("v1:deep/providers") as origin:
        path = origin.path
        assert origin.told(f"{path}/example.yaml:3") == "v1:deep/providers/example.yaml:3"
    assert not path.exists()


@needs_git
@pytest.mark.usefixtures("providers")
def test_the_whole_of_a_revision_can_be_named(git):
    assert title(earlier("HEAD", [git.top])) == "First"
    with opened("HEAD:") as origin:
        assert title_at(origin.path / "deep" / "providers") == "First"


@needs_git
def test_a_path_counts_from_the_top_wherever_one_stands(providers, monkeypatch):
    monkeypatch.chdir(providers[0])
    with opened("v1:deep/providers") as origin:
        assert title_at(origin.path) == "First"


@needs_git
def test_files_of_another_kind_and_hidden_ones_are_left_out(git, providers):
    folder, _ = providers
    (folder / "README.md").write_text("# not YAML: [", encoding="utf-8")
    for hidden in (folder / ".old.yaml", git.top / ".old.yaml"):
        hidden.write_text("not: [declared", encoding="utf-8")
    git("add", "--force", ".")
    git("commit", "--quiet", "--message=more")
    assert list(earlier("HEAD", [folder]).providers) == ["example"]
    assert list(earlier("HEAD", [git.top]).providers) == ["example"]
    with opened("HEAD:deep/providers") as origin:
        assert [each.name for each in origin.path.iterdir()] == ["example.yaml"]


@needs_git
@pytest.mark.usefixtures("providers")
def test_a_hidden_folder_that_is_named_is_not_left_out(git):
    git("mv", "--force", "deep", ".deep")
    git("commit", "--quiet", "--all", "--message=moved")
    assert title(earlier("HEAD", [git.top / ".deep" / "providers"])) == "Second"
    with opened("HEAD:.deep/providers") as origin:
        assert title_at(origin.path) == "Second"


@needs_git
def test_what_git_tells_its_hooks_does_not_lead_elsewhere(read, monkeypatch):
    for name in revisions._REDIRECTS:
        monkeypatch.setenv(name, "/nowhere/.git")
    read("HEAD")


@needs_git
def test_nothing_stands_in_for_what_was_committed(git, providers):
    folder, write = providers
    write("Third")
    git("commit", "--quiet", "--all", "--message=third")
    git("replace", "HEAD", "HEAD~1")
    assert title(earlier("HEAD", [folder])) == "Third"


@needs_git
def test_a_name_with_blanks_and_letters_beyond_ascii_is_found(git, providers):
    folder, _ = providers
    git("mv", "--force", "deep/providers/example.yaml", "deep/providers/über uns.yaml")
    git("commit", "--quiet", "--message=renamed")
    assert list(earlier("HEAD", [folder]).providers) == ["example"]


@needs_git
@pytest.mark.parametrize("target", ["/etc/hostname", "example.yaml"])
def test_a_link_is_not_followed_and_not_passed_over(git, providers, read, target):
    (providers[0] / "link.yaml").symlink_to(target)
    git("add", ".")
    git("commit", "--quiet", "--message=link")
    assert "without links" in refused(lambda: read("HEAD"), r"deep/providers/link\.yaml is a link in HEAD")


@needs_git
@pytest.mark.usefixtures("providers")
def test_a_tree_with_a_path_that_leads_out_is_refused(git):
    blob = bytes.fromhex(git("rev-parse", "HEAD:deep/providers/example.yaml"))
    tree = git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=b"100644 ../out.yaml\0" + blob)
    git("tag", "hostile", git("commit-tree", tree, "-m", "hostile"))
    refused(lambda: earlier("hostile", [git.top]), "hostile holds a path that leads out of it")
    refused(lambda: open_("hostile:"), "hostile holds a path that leads out of it")


@needs_git
@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize("path", ["../deep", "/etc"])
def test_a_path_beside_the_repository_is_refused(path):
    assert "a folder" in refused(lambda: open_(f"v1:{path}"), "is not in the repository")


@needs_git
@pytest.mark.parametrize("revision", ["no-such-branch", "deadbeef", "--all", "--upload-pack=x", "-h"])
def test_a_revision_that_is_none_says_what_would_be_one(read, revision):
    assert "git fetch" in refused(lambda: read(revision), f"^{revision} is neither a folder nor a revision")


@needs_git
def test_a_revision_is_not_a_path_in_one(providers):
    refused(lambda: earlier("HEAD:deep", [providers[0]]), "is neither a folder nor a revision")


@needs_git
def test_outside_a_repository_there_are_no_revisions(tmp_path, registry, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert "name a folder" in refused(lambda: earlier("HEAD", [registry()]), r"knows no repository at .*fatal: ")
    assert "name a folder" in refused(lambda: open_("HEAD:providers"), r"knows no repository at .*fatal: ")


@needs_git
def test_a_revision_without_the_files_is_nothing_to_compare_with(git, read):
    git("checkout", "--quiet", "--orphan", "empty")
    git("rm", "--quiet", "-r", "--cached", "--force", ".")
    git("commit", "--quiet", "--allow-empty", "--message=empty")
    refused(lambda: read("HEAD"), "HEAD holds no provider file at .*deep/providers")


@needs_git
def test_a_revision_that_cannot_be_loaded_names_its_file_there(git, providers):
    folder, _ = providers
    (folder / "example.yaml").write_text("schema: 1\nretention: none\n", encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=broken")
    with pytest.raises(ConfigError) as raised:
        earlier("HEAD", [folder])
    assert "HEAD:deep/providers/example.yaml:2" in [problem.where for problem in raised.value.problems]


@needs_git
def test_what_git_has_lost_is_not_taken_for_absent(git, read):
    held = git("rev-parse", "HEAD:deep/providers/example.yaml")
    (git.top / ".git" / "objects" / held[:2] / held[2:]).unlink()
    assert "git fsck" in refused(lambda: read("HEAD"), r"git does not give deep/providers/example\.yaml")


@needs_git
def test_git_is_not_waited_for_without_end(read, monkeypatch):
    monkeypatch.setattr(revisions, "_PATIENCE", 1e-9)
    assert "by hand" in refused(lambda: read("HEAD"), "git rev-parse did not end within")


def test_without_git_a_folder_can_still_be_compared(tmp_path, registry, monkeypatch):
    path = registry()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert title(earlier(str(tmp_path), [path])) == "Example"
    assert "install git" in refused(lambda: earlier("HEAD", [path]), "there is no git here")
    assert "install git" in refused(lambda: open_("HEAD:providers"), "there is no git here")


def test_a_path_that_is_there_is_itself(tmp_path, registry):
    other = tmp_path / "before"
    other.mkdir()
    file = json.loads(registry().read_text(encoding="utf-8"))
    file["configurations"][0]["title"] = "Before"
    (other / "example.yaml").write_text(json.dumps(file), encoding="utf-8")
    for place in (other, other / "example.yaml"):
        assert title(earlier(str(place), [])) == "Before"
        assert open_(str(place)) == place


def test_what_is_shipped_has_a_name():
    assert open_("shipped") == shipped_directory()


@pytest.mark.parametrize("name", [":", ":providers", "nowhere"])
def test_what_is_no_place_says_what_would_be_one(name):
    assert "REV:path" in refused(lambda: open_(name), f"^{name} is no file, folder or revision")
