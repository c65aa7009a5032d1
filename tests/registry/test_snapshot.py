"""A snapshot gives exactly what the YAML gives, or nothing at all."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Case, cases, one_sound_case

import zdr_router
from zdr_router.errors import ConfigError
from zdr_router.registry import Registry, loader, shipped_directory, snapshot
from zdr_router.registry.loader import load_with_snapshot
from zdr_router.registry.provider_file import files_inside


def _lay(folder: Path) -> None:
    (folder / snapshot.NAME).write_bytes(snapshot.build(folder))


def _trusted(folder: Path) -> bool:
    return bool(snapshot.load(folder, files_inside(folder)))


def _assert_same(one: Registry, other: Registry) -> None:
    assert one == other
    assert one.digests == other.digests
    assert one.digest == other.digest
    for kind in ("providers", "configurations", "sources", "unsafe", "digests"):
        assert list(getattr(one, kind)) == list(getattr(other, kind))
    for name, configuration in one.configurations.items():
        # Equality does not look at types (True == 1) nor at what was left out; this does.
        assert repr(configuration) == repr(other.configurations[name])
        assert configuration.model_fields_set == other.configurations[name].model_fields_set


def _assert_exact(folder: Path) -> None:
    _lay(folder)
    kept, read = load_with_snapshot(folder), Registry.load([folder])
    assert kept.known
    assert not read.known
    _assert_same(kept, read)


@pytest.fixture
def laid(tmp_path, write, text):
    """A folder of two provider files and their snapshot."""
    write(text, "all/acme.yaml")
    write(text.replace("acme", "beta"), "all/deep/beta.yml")
    _lay(tmp_path / "all")
    return tmp_path / "all"


@pytest.fixture
def installed(laid, monkeypatch):
    """The same folder, as the one inside an installed package."""
    monkeypatch.setattr(loader, "_installed_directory", lambda: laid)
    return laid


def test_from_its_snapshot_the_shipped_registry_is_the_same(tmp_path):
    shutil.copytree(shipped_directory(), tmp_path / "all")
    _assert_exact(tmp_path / "all")


def test_files_in_folders_keep_their_names_and_lines(laid):
    _assert_exact(laid)
    source = load_with_snapshot(laid).sources["beta/zdr"]
    assert source.at("cache.medium") == f"{laid / 'deep' / 'beta.yml'}:33"


@given(case=cases())
def test_from_its_snapshot_any_registry_is_the_same(case: Case):
    with tempfile.TemporaryDirectory() as name:
        for index, file in enumerate(case.provider_files):
            (Path(name) / f"{index}.yaml").write_text(json.dumps(file), encoding="utf-8")
        _assert_exact(Path(name))


# Files are written as JSON here, all of which is YAML, but for characters that JSON writes in two halves.
_TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
_NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXTS
_TREES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=8)


@given(scalar=_SCALARS, tree=_TREES)
def test_every_value_that_a_file_can_hold_comes_back_as_it_is(scalar, tree):
    file = one_sound_case().provider_files[0]
    (configuration,) = file["configurations"]
    configuration["conditions"] = {"force": [{"set": "store", "to": scalar}]}
    configuration["cache"] = {"medium": "disk", "isolation": {"off": {"caching": tree}}}
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "acme.yaml").write_text(json.dumps(file), encoding="utf-8")
        _assert_exact(Path(name))


@given(at=st.integers(0), other=st.integers(1, 255), which=st.integers(0, 1))
def test_a_snapshot_is_not_trusted_once_any_byte_of_a_source_is_another(text, at, other, which):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("acme", "beta"):
            (folder / f"{each}.yaml").write_text(text.replace("acme", each), encoding="utf-8")
        _lay(folder)
        assert _trusted(folder)
        _change(files_inside(folder)[which], at, other)
        assert not _trusted(folder)


@given(at=st.integers(0), other=st.integers(1, 255))
def test_a_snapshot_is_not_trusted_once_any_byte_of_it_is_another(text, at, other):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "acme.yaml").write_text(text, encoding="utf-8")
        _lay(folder)
        _change(folder / snapshot.NAME, at, other)
        assert not _trusted(folder)
        _assert_same(load_with_snapshot(folder), Registry.load([folder]))


def _change(path: Path, at: int, other: int) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= other
    path.write_bytes(data)


@pytest.mark.parametrize("kept", [0, 1, 75, -1])
def test_a_snapshot_that_was_cut_is_not_trusted(laid, kept):
    path = laid / snapshot.NAME
    path.write_bytes(path.read_bytes()[:kept])
    assert not _trusted(laid)


@pytest.mark.parametrize("more", [b"\n", b"\0", b"{}"])
def test_a_snapshot_that_grew_is_not_trusted(laid, more):
    path = laid / snapshot.NAME
    path.write_bytes(path.read_bytes() + more)
    assert not _trusted(laid)


def _sealed(content: object) -> bytes:
    """`content` with the sum that it ought to start with."""
    rest = b'",' + orjson.dumps(content)[1:]
    return b'{"sha256":"' + hashlib.sha256(rest).hexdigest().encode() + rest


def _content(folder: Path) -> dict:
    content = orjson.loads((folder / snapshot.NAME).read_bytes())
    del content["sha256"]
    assert _sealed(content) == (folder / snapshot.NAME).read_bytes()
    return content


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.pop("key"),
        lambda content: content.update(key="0" * 64),
        lambda content: content.pop("files"),
        lambda content: content.update(files=[]),
        lambda content: content["files"].pop("acme.yaml"),
        lambda content: content["files"]["acme.yaml"].pop("line"),
        lambda content: content["files"]["acme.yaml"]["provider"].update(country="somewhere"),
        lambda content: content["files"]["acme.yaml"]["configurations"].append(1),
    ],
    ids=range(8),
)
def test_a_snapshot_in_another_format_is_not_trusted(laid, damage):
    content = _content(laid)
    damage(content)
    (laid / snapshot.NAME).write_bytes(_sealed(content))
    assert not _trusted(laid)


@pytest.mark.parametrize("declared", ["{}", "nothing"])
def test_what_a_snapshot_declares_is_validated_whoever_made_it(laid, declared):
    content = _content(laid)
    content["files"]["acme.yaml"]["configurations"][0]["declared"] = declared
    (laid / snapshot.NAME).write_bytes(_sealed(content))
    registry = load_with_snapshot(laid)
    with pytest.raises(ConfigError, match="holds a configuration that is none; remove the file") as caught:
        registry.configurations["acme/zdr"]
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert registry.configurations["beta/zdr"].provider == "beta"


def test_a_snapshot_is_not_trusted_once_a_file_came_went_or_was_renamed(laid, text):
    acme = laid / "acme.yaml"
    acme.rename(laid / "acne.yaml")
    assert not _trusted(laid)
    (laid / "acne.yaml").unlink()
    assert not _trusted(laid)
    acme.write_text(text, encoding="utf-8")
    assert _trusted(laid)
    (laid / "more.yaml").write_text(text.replace("acme", "more"), encoding="utf-8")
    assert not _trusted(laid)
    assert list(load_with_snapshot(laid).providers) == ["acme", "beta", "more"]


def test_bytes_that_moved_from_one_file_to_the_next_are_other_files(tmp_path, write):
    def key(one: str, other: str) -> str:
        paths = [write(one, "all/a.yaml"), write(other, "all/b.yaml")]
        return snapshot._key(tmp_path / "all", paths)

    assert key("ab", "c") != key("a", "bc")


def test_a_snapshot_that_is_not_used_is_worth_a_line_for_whoever_debugs(laid, caplog):
    caplog.set_level(logging.DEBUG, "zdr_router")
    path = laid / snapshot.NAME
    (laid / "acme.yaml").touch()
    assert _trusted(laid)
    assert caplog.messages == []
    path.write_bytes(path.read_bytes()[:-1])
    assert not _trusted(laid)
    assert caplog.messages == [f"snapshot is not used, and the YAML is read instead path={path} why=it is damaged"]
    path.unlink()
    path.mkdir()
    assert not _trusted(laid)
    assert caplog.messages[1:] == [f"snapshot is not used, and the YAML is read instead path={path} why=Is a directory"]


def test_without_a_snapshot_nothing_is_said(laid, caplog):
    caplog.set_level(logging.DEBUG, "zdr_router")
    (laid / snapshot.NAME).unlink()
    assert not _trusted(laid)
    assert caplog.messages == []


def test_faulty_files_have_no_snapshot(tmp_path, write, text):
    write(text.replace("tier: paid", "tier: gold"), "all/acme.yaml")
    with pytest.raises(ConfigError, match="tier"):
        snapshot.build(tmp_path / "all")


def test_a_snapshot_next_to_files_of_the_operator_is_not_looked_at(laid):
    assert not Registry.load([laid]).known


def test_a_file_is_declared_once_whether_it_was_read_or_kept(installed, write, text):
    own = write(text.replace("id: acme/zdr", "id: acme/own"), "own.yaml")
    again = write(text.replace("id: acme\n", "id: other\n").replace("acme/", "other/"), "again.yaml")
    shutil.copy(installed / "deep" / "beta.yml", again)
    with pytest.raises(ConfigError) as caught:
        Registry.load([installed, own, again])
    assert [str(each).partition("; ")[0] for each in caught.value.problems] == [
        f"{own}:3: provider acme is declared twice, here and at {installed / 'acme.yaml'}:3",
        f"{again}:3: provider beta is declared twice, here and at {installed / 'deep' / 'beta.yml'}:3",
        f"{again}:9: configuration beta/zdr is declared twice, here and at {installed / 'deep' / 'beta.yml'}:9",
    ]
    with pytest.raises(ConfigError) as reversed_:
        Registry.load([own, installed])
    assert [str(each).partition("; ")[0] for each in reversed_.value.problems] == [
        f"{installed / 'acme.yaml'}:3: provider acme is declared twice, here and at {own}:3",
    ]


@pytest.mark.parametrize(
    "overlay",
    [
        "overlay: {reviewed_by: me}\nconfigurations: [{id: acme/zdr, flags: {logs_content: yes}}]",
        "overlay: {reviewed_by: me}\nconfigurations: [{id: acme/zdr, attestation: {expires: 2026-12-01}}]",
        "overlay: {reviewed_by: me, unsafe_loosen: so}\nconfigurations: [{id: beta/zdr, regions: [eu]}]",
    ],
    ids=["tightening", "renewing", "loosening"],
)
def test_overlays_lie_over_a_snapshot_as_they_do_over_its_files(installed, write, text, overlay):
    paths = [installed, write(text.replace("acme", "own"), "own.yaml")]
    overlays = [write(f"schema: 1\n{overlay}", "overlay.yaml")]
    kept = Registry.load(paths, overlays)
    assert len(kept.known) == 2 + 1
    (installed / snapshot.NAME).unlink()
    read = Registry.load(paths, overlays)
    assert read.digest != Registry.load(paths).digest
    _assert_same(kept, read)
    assert kept.sources["acme/zdr"].at("title") == read.sources["acme/zdr"].at("title")


PROGRAM = """
from zdr_router.registry import Registry
registry = Registry.shipped()
print(len(registry.known), registry.digest, next(iter(registry.sources.values())).at("id"))
"""


def _run(site: Path) -> list[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r})\n{PROGRAM}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=site, timeout=30)
    return told.stdout.split()


def test_an_installed_package_uses_the_snapshot_of_its_release_and_no_other(tmp_path, laid):
    package = tmp_path / "site" / "zdr_router"
    shutil.copytree(Path(zdr_router.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(laid, package / "_providers")
    rest = [Registry.load([laid]).digest, f"{package / '_providers' / 'acme.yaml'}:9"]
    assert _run(tmp_path / "site") == ["4", *rest]
    with (package / "registry" / "facts.py").open("a", encoding="utf-8") as models:
        models.write("# another release\n")
    assert _run(tmp_path / "site") == ["0", *rest]
