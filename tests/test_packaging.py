"""What is installed is what was tested: pins carry hashes, versions agree, and nothing names a package index."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from here import lacking, needs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import zdr_router
from zdr_router.registry import Registry

ROOT = Path(__file__).parent.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

# Spelled in halves, so that this file does not contain what it looks for.
INDEX = re.compile(
    "|".join(
        (
            r"pypi" + r"\.(?:python\.)?org",
            r"python" + r"hosted\.org",
            r"npm" + r"js\.org",
            r"index" + r"[-_]url",
            r"find" + r"[-_]links",
        )
    ),
    re.IGNORECASE,
)


def pins(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Name → (version, hashes) of every pin in a requirement file."""
    found: dict[str, tuple[str, list[str]]] = {}
    for entry in path.read_text().replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        requirement = Requirement(entry.partition(" --hash=")[0])
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", entry
        found[canonicalize_name(requirement.name)] = (specifier.version, re.findall(r"--hash=(\S+)", entry))
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def extras() -> list[str]:
    """What all extras together ask for."""
    return [entry for extra in project()["project"]["optional-dependencies"].values() for entry in extra]


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(requirement).name) for requirement in requirements}


def tracked_texts() -> dict[str, str]:
    """Path → text of every file that git tracks or would track; binary files are left out."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        lacking("the files that git tracks", "clone the repository, with git installed")
    listed = subprocess.run(
        [git, "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    texts: dict[str, str] = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (raw := path.read_bytes()):
            texts[name] = raw.decode()
    return texts


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_pin_carries_sha256_hashes(path: Path) -> None:
    found = pins(path)
    assert found
    for name, (_, hashes) in found.items():
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), name


def test_the_requirement_files_agree_on_every_version_and_hash() -> None:
    run, local, dev = (pins(ROOT / "requirements" / f"{name}.txt") for name in ("run", "local", "dev"))
    assert run.items() <= local.items()
    assert local.items() <= dev.items()
    bench = pins(ROOT / "requirements" / "bench.txt")
    assert all(bench[name] == dev[name] for name in bench.keys() & dev.keys())


def test_each_requirement_file_covers_what_the_project_declares() -> None:
    declared = project()
    core = names(declared["project"]["dependencies"])
    local = names(declared["project"]["optional-dependencies"]["local"])
    backend = names(declared["build-system"]["requires"])
    groups = declared["dependency-groups"]
    bench = names(groups.pop("bench"))
    working = names([entry for group in groups.values() for entry in group if isinstance(entry, str)])
    assert core <= pins(ROOT / "requirements/run.txt").keys()
    assert core | local | backend <= pins(ROOT / "requirements/local.txt").keys()
    assert core | names(extras()) | backend | working <= pins(ROOT / "requirements/dev.txt").keys()
    assert core | bench | backend <= pins(ROOT / "requirements/bench.txt").keys()


def test_every_pin_satisfies_the_bound_the_project_declares() -> None:
    pinned = pins(ROOT / "requirements/dev.txt")
    declared = project()
    bounds = [*declared["project"]["dependencies"], *extras()]
    for requirement in map(Requirement, bounds):
        version, _ = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_a_build_needs_nothing_but_the_backend_that_the_library_does_not_need_in_the_same_versions() -> None:
    declared = project()
    (backend,) = declared["dependency-groups"]["backend"]
    assert set(declared["build-system"]["requires"]) <= {backend, *declared["project"]["dependencies"]}


# As `build` calls the backend, in a process of its own; the last argument is where the wheel goes.
BUILD = "import hatchling.build, sys; print(hatchling.build.build_{}(sys.argv[1]))"


def build(program: str, where: Path) -> subprocess.CompletedProcess[str]:
    needs("hatchling", fix="it is in the group `backend`")
    return subprocess.run(
        [sys.executable, "-B", "-c", program, str(where)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, as pip would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    built = build(BUILD.format("wheel"), folder)
    assert built.returncode == 0, built.stderr
    site = folder / "site"
    zipfile.ZipFile(folder / built.stdout.split()[-1]).extractall(site)
    return site


def run_from(site: Path, program: str, *args: str) -> str:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv.pop(1)); {program}", str(site), *args]
    return subprocess.run(command, cwd=site, capture_output=True, text=True, check=True, timeout=30).stdout


def test_a_wheel_carries_a_snapshot_that_its_own_code_trusts(unpacked: Path) -> None:
    program = (
        "from zdr_router.registry import Registry, shipped_directory; "
        "registry = Registry.shipped(); print(shipped_directory(), len(registry.known), registry.digest)"
    )
    here = Registry.load([ROOT / "providers"])
    known = len(here.providers) + len(here.configurations)
    told = run_from(unpacked, program).split()
    assert told == [str(unpacked / "zdr_router" / "_providers"), str(known), here.digest]


def test_a_wheel_carries_what_the_catalogue_is_made_of(unpacked: Path, tmp_path: Path) -> None:
    program = "from zdr_router.cli import main; main()"
    told = run_from(unpacked, program, "registry", "site", str(tmp_path / "out"), "--json")
    written = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert json.loads(told)["files"] == len(written)
    assert written >= {"index.html", "timeline.html", "about.html", "groq.html", "site.css", "site.js", "SHA256SUMS"}


def test_a_wheel_carries_the_script_of_health(unpacked: Path) -> None:
    name = Path("zdr_router", "state", "redis_health.lua")
    assert (unpacked / name).read_bytes() == (ROOT / "src" / name).read_bytes()


def test_an_editable_install_carries_no_snapshot(tmp_path: Path) -> None:
    built = build(BUILD.format("editable"), tmp_path)
    assert built.returncode == 0, built.stderr
    assert "snapshot" not in "".join(zipfile.ZipFile(tmp_path / built.stdout.split()[-1]).namelist())


def test_without_what_a_snapshot_needs_no_wheel_is_built(tmp_path: Path) -> None:
    built = build("import sys; sys.modules['rfc8785'] = None; " + BUILD.format("wheel"), tmp_path)
    assert built.returncode != 0
    assert "the wheel carries a snapshot of the registry, and making it needs rfc8785" in built.stderr
    assert list(tmp_path.glob("*.whl")) == []


def test_no_file_names_a_package_index() -> None:
    hits = [
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
        for name, text in tracked_texts().items()
        for hit in INDEX.finditer(text)
    ]
    assert hits == []


@pytest.mark.parametrize(
    "line",
    [
        "--index" + "-url https://example.invalid/simple",
        "--extra-index" + "-url=https://example.invalid/simple",
        "--find" + "-links /srv/wheels",
        "PIP_INDEX" + "_URL=https://index.invalid/simple",
        "https://" + "pypi" + ".org/project/x/",
    ],
)
def test_the_search_for_package_indexes_finds(line: str) -> None:
    assert INDEX.search(line)


def test_the_licence_and_the_type_marker_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert project()["project"]["license"] == "Apache-2.0"
    assert (Path(zdr_router.__file__).parent / "py.typed").is_file()


def test_the_version_is_one_and_the_same_everywhere() -> None:
    declared = project()["project"]["version"]
    assert zdr_router.__version__ == declared
    assert importlib.metadata.version("zdr-router") == declared


def test_every_dependency_has_a_line_that_says_why() -> None:
    declared = project()
    wanted = (
        names(declared["project"]["dependencies"])
        | names(extras())
        | names(
            [entry for group in declared["dependency-groups"].values() for entry in group if isinstance(entry, str)]
        )
    )
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/dependencies.md").read_text(), flags=re.MULTILINE)
    assert sorted(map(canonicalize_name, rows)) == sorted(wanted)


def test_make_help_lists_every_target() -> None:
    make = shutil.which("make")
    if make is None:
        lacking("there is no make", "install it")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    shown = subprocess.run([make, "--no-print-directory", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    listed = [line.split()[1] for line in shown.stdout.splitlines()]
    assert sorted(listed) == sorted(phony.split())


def test_every_decision_is_listed_in_the_index() -> None:
    decisions = ROOT / "docs/adr"
    index = (decisions / "README.md").read_text()
    files = sorted(path.name for path in decisions.glob("[0-9]*.md"))
    assert files
    assert [name for name in files if f"({name})" not in index] == []
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
