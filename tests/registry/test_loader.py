"""Which files are read, what is declared twice, and where the shipped registry is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import zdr_router
from zdr_router.errors import ConfigError
from zdr_router.registry import Registry, shipped_directory

TOP = Path(__file__).parents[2]


def _refused(*paths: Path | str, overlays: tuple[Path, ...] = ()) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Registry.load(paths, overlays)
    return [str(problem) for problem in caught.value.problems]


def test_in_a_checkout_the_registry_is_at_the_top():
    assert shipped_directory() == TOP / "providers"
    assert Registry.shipped().digest == Registry.load([TOP / "providers"]).digest


def _run(where: Path, program: str) -> str:
    # Without site-packages' own idea of where the package is: an editable install would win over the copy.
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(where)!r})\n{program}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=where, timeout=30).stdout.strip()


PROGRAM = """
from zdr_router.errors import ConfigError
from zdr_router.registry import Registry, shipped_directory
try:
    print(shipped_directory(), len(Registry.shipped().providers))
except ConfigError as error:
    print(error)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package as a wheel lays it out, without the registry data."""
    site = tmp_path / "lib" / "python3" / "site-packages"
    package = Path(zdr_router.__file__).parent
    shutil.copytree(package, site / "zdr_router", ignore=shutil.ignore_patterns("__pycache__", "_providers"))
    return site


def test_in_an_installed_package_the_registry_is_inside(installed, write, text):
    data = write(text, "lib/python3/site-packages/zdr_router/_providers/acme.yaml").parent
    assert _run(installed, PROGRAM) == f"{data} 1"


def test_a_package_without_its_data_says_so_and_takes_no_folder_that_happens_to_be_near(installed, write, text):
    write(text, "lib/python3/providers/acme.yaml")
    write(text, "lib/providers/acme.yaml")
    said = _run(installed, PROGRAM)
    assert said == f"{installed / 'zdr_router' / '_providers'}: the registry data is missing; install zdr-router again"


def test_an_operators_file_among_provider_files_is_called_that_and_nothing_else(write):
    path = write("policy: {cache: none}\naccounts: {}\nroutes: {}\n", "zdr.yaml")
    said = "this is an operator's file, and a provider file is wanted here; give it by -c, as in zdr check -c zdr.yaml"
    assert _refused(path) == [f"{path}:1: {said}"]


def test_folders_are_searched_for_yaml_and_files_are_taken_as_they_are(tmp_path, write, text):
    write(text.replace("acme", "a"), "all/a.yaml")
    write(text.replace("acme", "b"), "all/deep/er/b.yml")
    write("not: [yaml", "all/readme.md")
    single = write(text.replace("acme", "c"), "c.txt")
    registry = Registry.load([tmp_path / "all", str(single)])
    assert list(registry.providers) == ["a", "b", "c"]
    assert registry.sources["b/zdr"].at("") == f"{tmp_path / 'all' / 'deep' / 'er' / 'b.yml'}:9"


def test_hidden_copies_of_editors_and_volume_mounts_are_not_read(tmp_path, write, text):
    mounted = write(text, "all/..2026_11_22/acme.yaml")
    (tmp_path / "all" / "..data").symlink_to(mounted.parent, target_is_directory=True)
    (tmp_path / "all" / "acme.yaml").symlink_to(tmp_path / "all" / "..data" / "acme.yaml")
    (tmp_path / "all" / ".#acme.yaml").symlink_to("nobody@nowhere")
    write("not: [yaml", "all/.acme.yaml")
    assert list(Registry.load([tmp_path / "all"]).providers) == ["acme"]


def test_a_link_to_a_folder_or_file_is_followed(tmp_path, write, text):
    path = write(text, "real/acme.yaml")
    (tmp_path / "folder").symlink_to(path.parent, target_is_directory=True)
    (tmp_path / "file.yaml").symlink_to(path)
    for link in (tmp_path / "folder", tmp_path / "file.yaml"):
        assert list(Registry.load([link]).providers) == ["acme"]


def test_a_link_to_nowhere_is_an_error(tmp_path, write, text):
    write(text, "all/acme.yaml")
    (tmp_path / "all" / "gone.yaml").symlink_to(tmp_path / "nowhere")
    assert _refused(tmp_path / "all") == [
        f"{tmp_path / 'all' / 'gone.yaml'}: cannot be read: No such file or directory; name a file that is there"
    ]


def test_a_file_that_is_named_twice_is_read_once(tmp_path, write, text):
    path = write(text, "all/acme.yaml")
    (tmp_path / "link.yaml").symlink_to(path)
    assert len(Registry.load([path, tmp_path / "all", path, tmp_path / "link.yaml"]).configurations) == 1


def test_a_folder_without_files_is_one_problem_among_the_others(tmp_path, write):
    (tmp_path / "empty").mkdir()
    bad = write("a: [")
    empty = f"{tmp_path / 'empty'}: the folder holds no *.yaml file; name another folder"
    assert _refused(tmp_path / "empty", bad)[0] == empty
    assert len(_refused(tmp_path / "empty", bad)) == 2


def test_no_provider_is_declared_twice_not_even_a_shipped_one(write, text):
    shipped = shipped_directory()
    own = write(text.replace("acme", "groq"), "own.yaml")
    told = _refused(shipped, own)
    assert told[0].startswith(f"{own}:3: provider groq is declared twice, here and at {shipped / 'groq.yaml'}:")
    assert "by an overlay" in told[0]
    assert told[1].startswith(
        f"{own}:9: configuration groq/zdr is declared twice, here and at {shipped / 'groq.yaml'}:"
    )


def test_no_configuration_is_declared_twice_in_one_file(write, text):
    path = write(text + text[text.index("  - id: acme/zdr") :])
    (told,) = _refused(path)
    line = path.read_text().splitlines().index("  - id: acme/zdr", 9) + 1
    assert told.startswith(f"{path}:{line}: configuration acme/zdr is declared twice, here and at {path}:9")


def test_an_overlay_is_not_blamed_for_a_provider_file_that_could_not_be_read(write, text):
    overlay = write("schema: 1\noverlay: {reviewed_by: me}\nconfigurations: [{id: acme/zdr}, {id: 1}]", "over.yaml")
    bad = write(text.replace("tier: paid", "tier: gold"))
    told = _refused(bad, overlays=(overlay,))
    assert [each.partition(": ")[0] for each in told] == [
        f"{bad}:{text[: text.index('tier:')].count(chr(10)) + 1}",
        f"{overlay}:3",
    ]
    assert "says by its `id`" in told[1]


def test_a_registry_cannot_be_changed(write, text):
    registry = Registry.load([write(text)])
    with pytest.raises(AttributeError):
        registry.unsafe = {}
    for name in ("providers", "configurations", "sources", "unsafe", "known", "digests"):
        with pytest.raises(TypeError):
            getattr(registry, name)["x"] = None


def test_nothing_at_all_is_an_empty_registry():
    assert dict(Registry.load([]).configurations) == {}
