from __future__ import annotations

import json
import sys

import pytest

from zdr_router.cli.exits import Code
from zdr_router.registry import Registry, shipped_directory


def there(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_catalogue_has_a_page_for_every_provider(zdr, tmp_path):
    result = zdr("registry", "site", tmp_path / "out")
    assert result.exit_code == 0
    registry = Registry.shipped()
    files = there(tmp_path / "out")
    assert {name for name in files if name.startswith("provider/")} == {
        f"provider/{name}.html" for name in registry.providers
    }
    assert f"wrote {len(files)} files to {tmp_path / 'out'}" in result.stdout
    assert registry.digest in result.stdout
    assert registry.digest in files["index.html"].decode()


def test_json_says_what_was_written(zdr, tmp_path):
    told = json.loads(zdr("registry", "site", tmp_path / "out", "--date", "2026-12-01", "--json").stdout)
    assert told["files"] == len(there(tmp_path / "out"))
    assert (told["date"], told["configurations"]) == ("2026-12-01", len(Registry.shipped().configurations))


def test_two_processes_write_the_same_bytes(process, tmp_path):
    for seed in "12":
        process("registry", "site", tmp_path / seed, "--date", "2026-12-01", env={"PYTHONHASHSEED": seed})
    assert there(tmp_path / "1") == there(tmp_path / "2") != {}


def test_the_operators_registry_is_shown_with_its_overlays(zdr, operator, tmp_path):
    config = operator()
    overlay = config.parent / "overlay.yaml"
    change = "configurations:\n  - {id: groq/zdr, flags: {logs_content: unknown}}\n"
    overlay.write_text(f"schema: 1\noverlay: {{reviewed_by: me}}\n{change}", encoding="utf-8")
    with config.open("a", encoding="utf-8") as file:
        file.write("registry: {overlays: [overlay.yaml]}\n")
    zdr("registry", "site", tmp_path / "out", "-c", config)
    page = there(tmp_path / "out")["provider/groq.html"].decode()
    assert "Never clears: it is unknown whether it logs content." in page


def test_other_provider_files_can_be_shown(zdr, tmp_path):
    assert zdr("registry", "site", tmp_path / "out", "--providers", shipped_directory() / "groq.yaml").exit_code == 0
    assert {name for name in there(tmp_path / "out") if "/" in name} == {"provider/groq.html"}


def test_a_folder_that_holds_something_else_is_a_fault(zdr, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = zdr("registry", "site", tmp_path)
    assert result.exit_code == Code.CONFIGURATION
    assert "holds files that are no catalogue's" in result.stderr
    assert str(tmp_path) in result.stderr
    assert set(there(tmp_path)) == {"notes.txt"}


def test_a_file_in_the_place_of_the_folder_is_a_fault(zdr, tmp_path):
    (tmp_path / "out").write_text("mine")
    result = zdr("registry", "site", tmp_path / "out")
    assert result.exit_code == Code.CONFIGURATION
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize(
    "args", [("--date", "tomorrow"), ("--date", "9999-12-31"), ("-c", "a.yaml", "--providers", "b.yaml")]
)
def test_bad_usage(zdr, tmp_path, args):
    assert zdr("registry", "site", tmp_path / "out", *args).exit_code == Code.USAGE
    assert not (tmp_path / "out").exists()


def test_without_the_extra_the_fault_says_what_to_install(zdr, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("jinja2", "zdr_router.site"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = zdr("registry", "site", tmp_path / "out")
    assert result.exit_code == Code.USAGE
    assert "the catalogue needs jinja2" in result.stderr
    assert "pip install 'zdr-router[site]'" in result.stderr
